#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# The library device: system calls that a script answers.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu

SCRIPTS=/lib/modules/lua/t
mkdir -p $SCRIPTS

# script NAME <TEXT: /lib/modules/lua/t/NAME.lua, run
script()
{
	cat >"$SCRIPTS/$1.lua"
	ok "run $1" lunatik run "t/$1"
}

# says NAME WANTED COMMAND...: what it prints, with its status and the errno's text
says()
{
	name=$1 wanted=$2
	shift 2
	got=$("$@" 2>&1) || got="$got:$?"
	is "$got" "$wanted" "$name"
}

# perl DEVICE EXPRESSION: with F open for reading and writing; prints what it gives, or $!
cat >/tmp/dev.pl <<'END'
use Fcntl; use Errno; require "$ENV{TESTDIR}/sys.pl";
my ($dev, $code, $flags) = @ARGV;
sysopen(F, $dev, (defined $flags ? $flags : O_RDWR)) or do { print "open: ", err(), "\n"; exit };
sub err { my ($name) = grep { $!{$_} } sort keys %!; $name }
sub rd { my ($n) = @_; my $b; my $r = sysread(F, $b, $n); defined $r ? "$r:$b" : err() }
sub wr { my ($s) = @_; my $r = syswrite(F, $s); defined $r ? $r : err() }
sub sk { my ($o, $w) = @_; my $r = sysseek(F, $o, $w || 0); defined $r ? $r + 0 : err() }
sub pos_ { sysseek(F, 0, 1) + 0 }
sub prd { my ($n, $o) = @_; my $b = "\0" x $n; my $r = sys("pread", fileno(F), $b, $n, $o); $r >= 0 ? "$r:" . substr($b, 0, $r) : err() }
sub rv { my ($n) = @_; my $b = "\0" x $n; my $v = pack("PQ", $b, $n); my $r = sys("readv", fileno(F), $v, 1); $r >= 0 ? "$r:" . substr($b, 0, $r) : err() }
sub wv { my ($s) = @_; my $v = pack("PQ", $s, length $s); my $r = sys("writev", fileno(F), $v, 1); $r >= 0 ? $r : err() }
sub pwr { my ($s, $o) = @_; my $r = sys("pwrite", fileno(F), $s, length $s, $o); $r >= 0 ? $r : err() }
print join(" ", eval $code), "\n"; print $@ if $@;
END
dev() { perl /tmp/dev.pl "$@"; }

script echo <<'END'
local device = require "device"
local d = {name = "luaecho", mode = 438, opens = 0, text = ""}
function d:open() self.opens = self.opens + 1 end
function d:read(len, off) return self.text:sub(off + 1, off + len) end
function d:write(buf, off)
	self.text = self.text:sub(1, off) .. ("\0"):rep(off - #self.text) .. buf .. self.text:sub(off + #buf + 1)
end
function d:release() self.opens = self.opens - 1 rcu.opens = self.opens end
device.new(d)
END
ok 'the device is there' test -c /dev/luaecho
is "$(stat -c %a:%U /dev/luaecho)" 666:root 'with the mode that was asked for'
is "$(cat /sys/class/lunatik/luaecho/dev)" "$(printf '%d:%d' 0x"$(stat -c %t /dev/luaecho)" 0x"$(stat -c %T /dev/luaecho)")" 'sysfs knows it'
ok 'write' sh -c 'echo hello >/dev/luaecho'
says 'read' hello cat /dev/luaecho
says 'one byte at a time' hello dd if=/dev/luaecho bs=1 status=none
says 'read moves on' '3:hel 3:lo
 0: 6' dev /dev/luaecho 'rd(3), rd(100), rd(9), pos_()'
says 'write moves on' '1 1 2' dev /dev/luaecho 'wr("H"), wr("E"), pos_()'
says 'what was written is there' HEllo cat /dev/luaecho
says 'pread and pwrite do not' '3:Ell 2 0 3:Eyy' dev /dev/luaecho 'prd(3, 1), pwr("yy", 2), pos_(), prd(3, 1)'
says 'readv and writev move on' '2 2 3:yyo 5' dev /dev/luaecho 'wv("HE"), pos_(), rv(3), pos_()'
says 'a reader without an address, by readv' EFAULT dev /dev/luaecho 'my $v = pack("QQ", 8, 5); sys("readv", fileno(F), $v, 1) < 0 ? err() : "read"'
says 'lseek does' '2 4:yyo
 ESPIPE' dev /dev/luaecho 'sk(2), rd(9), (sk(-1, 0) eq "EINVAL" ? "ESPIPE" : "no")'
says 'offsets at the end of all' 'EINVAL 0:' dev /dev/luaecho 'prd(2, -1), prd(1, 0x7ffffffffffffff0)'
says 'what goes beyond' EOVERFLOW dev /dev/luaecho 'join ",", grep { s/EINVAL/EOVERFLOW/ || 1 } prd(100, 0x7ffffffffffffff0)'
says 'no bytes' '0: 0' dev /dev/luaecho 'rd(0), wr("")'
says 'a reader without an address' EFAULT dev /dev/luaecho 'sys("read", fileno(F), 8, 5) < 0 ? err() : "read"'
says 'a writer without an address' EFAULT dev /dev/luaecho 'sys("write", fileno(F), 8, 5) < 0 ? err() : "wrote"'
says 'poll' '1 1' dev /dev/luaecho 'my $v = ""; vec($v, fileno(F), 1) = 1; my $w = $v;
	(scalar select(my $r = $v, undef, undef, 0)), (scalar select(undef, my $x = $w, undef, 0))'
says 'two open it' '2:He 2:He' sh -c 'exec 3</dev/luaecho 4</dev/luaecho
	printf "2:%s 2:%s" "$(dd bs=2 count=1 status=none <&3 | sed s/E/e/)" "$(dd bs=2 count=1 status=none <&4 | sed s/E/e/)"'
answers 'print(rcu.opens) rcu.opens = nil' 0 'each that was opened was released'
head -c 1000000 /dev/urandom >/tmp/random
printf '' >/tmp/empty
ok 'a megabyte' cp /tmp/random /dev/luaecho
ok 'is there' sh -c 'head -c 1000000 /dev/luaecho | cmp - /tmp/random'
says 'a large write is done in part' 65536 dev /dev/luaecho 'wr("x" x 1000000)'
says 'and a large read' 65536 dev /dev/luaecho 'length((split /:/, rd(1000000), 2)[1])'
ok 'several at once, of many' sh -c 'for i in 1 2 3 4; do
	dd if=/dev/luaecho of=/dev/null bs=64 count=2000 status=none & done; wait'

# who is not root
cat >/tmp/huge.pl <<'END'
require "$ENV{TESTDIR}/sys.pl";
open(F, "+<", "/dev/luaecho") or die; my $n = 0;
my $m = "y" x (256 << 20);
my $r = sys("write", fileno(F), $m, length $m);
print $r, "\n";
END
says 'a quarter of a gigabyte from nobody' 65536 setpriv --reuid 65534 --regid 65534 --clear-groups perl /tmp/huge.pl
says 'who opens it twice is served' yy head -c 2 /dev/luaecho
works 'and scripts run'

# names
for name in "''" "'a/b'" "'..'" "'.'" "'../null'" "'a!b'" "'a b'" "'a\\0b'" "('x'):rep(64)" "'%s'"; do
	refuses "require'device'.new{name = $name}" "device: name '.*' (is empty|is too long|must not be|may have)" "no name: $name"
done
answers 'local ok, why = pcall(require"device".new, {name="\xe4"}) print(ok, why:match("may have"))' \
	"$(printf 'false\tmay have')" 'no letter of ASCII'
refuses 'require"device".new{}' 'name must be a string, not a nil value' 'no name at all'
refuses 'require"device".new{name = 5}' 'name must be a string, not a number value' 'a number'
refuses 'require"device".new(5)' 'table expected, got number' 'no driver'
refuses 'require"device".new{name="x",read=5}' 'read must be a function, not a number value' 'no function'
for mode in -1 512 '1 << 40' math.mininteger; do
	refuses "require'device'.new{name='luax',mode=$mode}" 'mode must be permissions, from 0 to 511' "mode $mode"
done
refuses 'require"device".new{name="luax",mode="rw"}' "field 'mode' must be an integer" 'mode rw'
refuses 'require"device".new{name="luaecho"}' 'EEXIST' 'a name in use'
refuses 'require"device".new{name="null"}' 'EEXIST' 'one in use by others'
ok 'whose device still works' sh -c 'echo >/dev/null'
refuses 'local m = setmetatable({}, {__index = function(t, k) error("no " .. k) end}) require"device".new(m)' 'no mode' 'a driver that raises'
refuses 'local d = require"device".new{name="luax"} rcu.d = d' 'private to its runtime' 'it belongs to its runtime'
ok 'nothing is left of it' test ! -e /dev/luax
answers 'local d = require"device".new{name="luax"} d:stop() d:stop() local e <close> = require"device".new{name="luax"} print "again"' \
	again 'a name is free once it is stopped'
ok 'nothing is left of it, again' test ! -e /dev/luax
answers 'require"device".new{name="luax"} collectgarbage() print "made"' made 'a runtime that ends'
ok 'takes its devices with it' test ! -e /dev/luax
answers 'local device = require"device" local n = 0
for i = 1, 2000 do local ok, why = pcall(device.new, {name="luax" .. i}) if not ok then print(n, why) break end n = n + 1 end' \
	"$(printf '1023\tENOSPC')" 'as many as there are minor numbers'
ok 'which are gone' test ! -e /dev/luax1
for context in $ATOMIC; do
	echo 'require"device".new{name="luax"}' >$SCRIPTS/atomic.lua
	refuses "lunatik.runtime('t/atomic', '$context')" "this is a $context runtime, but a process runtime is needed" \
		"in a $context runtime"
done

# what the script does wrong
script bad <<'END'
local device = require "device"
local answer = {
	number = function() return 42 end,
	["nil"] = function() return nil end,
	["table"] = function() return {} end,
	more = function(n) return ("x"):rep(n + 50) end,
	offset = function() return "abc", -1 end,
	offset2 = function() return "abc", "x" end,
	offset3 = function() return "abc", math.maxinteger end,
	eagain = function() error("EAGAIN") end,
	eacces = function() error("EACCES", 0) end,
	raises = function() error("oops") end,
	raises2 = function() error({}) end,
	raises3 = function() error("EAGAIN is what it says") end,
	raises4 = function() error() end,
	yields = function() coroutine.yield("x") end,
	recurses = function() local function f() return f() .. "x" end return f() end,
	memory = function() local t = {} while true do t[#t + 1] = ("x"):rep(1000000) .. #t end end,
	stop = function() dev:stop() return "last" end,
	many = function() collectgarbage() return ("y"):rep(1000000) end,
	zero = function() return "" end,
}
local how
local d = {name = "luabad"}
function d:open() if how == "open" then how = nil error("EPERM") end if how == "nonsense" then return 1, {}, self end end
function d:write(buf, off)
	if buf == "len" then return 4 elseif buf == "neg" then return -1 elseif buf == "none" then return 0
	elseif buf == "part" then return 2 elseif buf == "tab" then return {}
	elseif buf == "off" then return 3, -5 elseif buf == "seek" then return 4, 1000
	elseif buf == "min" then return math.mininteger elseif buf == "str" then return "2" end
	how = buf
end
function d:read(len, off) return answer[how](len) end
function d:release() error("in release") end
dev = device.new(d)
END
bad()
{
	printf '%s' "$1" >/dev/luabad 2>/dev/null
	dev /dev/luabad "$2"
}
klog_mark
says 'a number is text' '2:42' bad number 'rd(5)'
says 'nil' ECANCELED bad nil 'rd(5)'
says 'a table' ECANCELED bad table 'rd(5)'
like "$(klog_since)" "device 'luabad': read must return a string, not a table value" 'the log says what was wrong'
says 'more than was asked for' '5:xxxxx 5' bad more 'rd(5), pos_()'
says 'a negative offset' ECANCELED bad offset 'rd(5)'
says 'an offset that is none' ECANCELED bad offset2 'rd(5)'
says 'the largest offset' '3:abc 9223372036854775807 1' bad offset3 'rd(5), pos_(), (rd(5) =~ /EOVERFLOW|EINVAL/ ? 1 : 0)'
says 'error("EAGAIN")' EAGAIN bad eagain 'rd(5)'
says 'error("EACCES", 0)' EACCES bad eacces 'rd(5)'
errors() { awk '$NF == "t/bad" { print $6 }' /proc/lunatik; }
before=$(errors)
says 'by readv' EAGAIN bad eagain 'rv(5)'
is "$(($(errors) - before))" 3 'each error is counted once: that one, and those of release'
sleep 6	# a runtime logs ten errors in five seconds, and these were many
klog_mark
says 'any other error' ECANCELED bad raises 'rd(5)'
like "$(klog_since)" 't/bad.lua:12: oops' 'the log has it'
says 'an error that is a table' ECANCELED bad raises2 'rd(5)'
says 'what only begins with the name' ECANCELED bad raises3 'rd(5)'
says 'an error that is nil' ECANCELED bad raises4 'rd(5)'
says 'a function that yields' ECANCELED bad yields 'rd(5)'
says 'one that recurses' ECANCELED bad recurses 'rd(5)'
says 'one that wants all memory' ENOMEM bad memory 'rd(5)'
says 'an answer of a megabyte' 65542 bad many 'length(rd(10000000))'
says 'an empty one' 0: bad zero 'rd(5)'
says 'open may fail' 'open: EPERM' bad open 'rd(5)'
says 'what it returns is nothing' '0:' sh -c 'printf nonsense >/dev/luabad; perl /tmp/dev.pl /dev/luabad "wr(q(zero)), rd(1)" | cut -d " " -f 2'
for how in len neg tab off min; do
	says "write that returns nonsense: $how" ECANCELED dev /dev/luabad "wr('$how')"
done
says 'nothing taken' 0 dev /dev/luabad 'wr("none")'
says 'a part taken' '2 2' dev /dev/luabad 'wr("part"), pos_()'
says 'another place' '4 1000' dev /dev/luabad 'wr("seek"), pos_()'
says 'a string for a number' ECANCELED dev /dev/luabad 'wr("str")'
is "$(stat -c %a /dev/luabad)" 600 'the mode is 0600 if none is said'
says 'others cannot open it' 'open: EACCES' setpriv --reuid 65534 --regid 65534 --clear-groups perl /tmp/dev.pl /dev/luabad 'rd(1)'
printf zero >/dev/luabad
exec 5</dev/luabad 6<>/dev/luabad
says 'it stops itself while others have it open' '4 4:last ENXIO ENXIO' \
	dev /dev/luabad 'wr("stop"), rd(4), rd(4), wr("x")'
fails 'who has it open reads no more' cat <&5
like "$ktap_out" 'No such device or address' 'it is gone, they are told'
says 'poll says so' '1' perl -e 'open F, "<&=5"; my $v = ""; vec($v, 5, 1) = 1; print scalar select($v, undef, undef, 5), "\n"'
ok 'nor is it in /dev' test ! -e /dev/luabad
exec 5<&- 6<&-
ok 'stop the script' lunatik stop t/bad

# some functions only
script some <<'END'
local device = require "device"
device.new{name = "luanone"}
device.new{name = "luaread", read = function(self, len, off) return off == 0 and self.text or "" end, text = "r"}
END
says 'no function at all' 'EINVAL EINVAL' dev /dev/luanone 'rd(1), wr("x")'
says 'read alone' 'r' cat /dev/luaread
exec 7</dev/luaread
ok 'a script is stopped while its device is open' lunatik stop t/some
fails 'who has it open reads no more, again' cat <&7
like "$ktap_out" 'No such device or address' 'it is gone, they are told, again'
if ! built_in; then
	lunatik stop t/echo
	fails 'the module stays while a file is open' modprobe -r luadevice
	exec 7<&-
	ok 'and can go then' modprobe -r luadevice
	lunatik run t/echo
fi

# time
script slow <<'END'
local device = require "device"
local d = {name = "luaslow"}
function d:read() while true do end end
function d:write(b) local s = require "rcu" return #b end
device.new(d)
END
timeout -s KILL $((5 * LUNATIK_SLOW)) cat /dev/luaslow >/dev/null 2>&1 & run=$!
sleep 0.5
says 'who must not wait for a runtime that is busy' 'open: EAGAIN' dev /dev/luaslow 'wr("x")' 2049
timeout -s KILL 0.5 sh -c 'echo x >/dev/luaslow' 2>/dev/null
is $? 137 'who waits for it can be killed'
wait $run 2>/dev/null
is $? 137 'and who it answers, when it never does'
ok 'then it goes on' sh -c 'echo x >/dev/luaslow'
ok 'stop it' lunatik stop t/slow

# many keep it busy
script many <<'END'
local device, linux = require "device", require "linux"
device.new{name = "luamany", mode = 438, read = function() linux.schedule(20) return "x" end}
END
lunatik run t/many
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
	perl -e 'open(F, "<", "/dev/luamany") or die; 1 while sysread(F, $b, 1)' &
done
sleep 2
ok 'a script that many want is stopped, all the same' timeout 20 lunatik stop t/many
wait

# the runtime's own device
script self <<'END'
local device = require "device"
device.new{name = "luaself", read = function() return rcu.n and "n" or loadfile end}
END
lunatik stop t/self
ok 'stop the echo' lunatik stop t/echo
ok 'no device is left' sh -c '! ls /sys/class/lunatik/* 2>/dev/null | grep .'
rm -r $SCRIPTS
works 'scripts run'
finish
