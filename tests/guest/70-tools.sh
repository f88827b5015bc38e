#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# The command lunatik.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu

mkdir -p /lib/modules/lua/t
echo 'local x = 1 error("does not work")' >/lib/modules/lua/t/bad.lua
echo 'error({})' >/lib/modules/lua/t/table.lua
echo 'x = = 1' >/lib/modules/lua/t/syntax.lua
: >/lib/modules/lua/t/empty.lua
head -c 2000000 /dev/zero | tr '\0' ' ' >/lib/modules/lua/t/large.lua
printf '\033Lua\124' >/lib/modules/lua/t/chunk.lua
mkdir -p /lib/modules/lua/t/dir.lua /lib/modules/lua/t/nodev
ln -s loop.lua /lib/modules/lua/t/loop.lua
perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un("/lib/modules/lua/t/socket.lua"))'
mount -t tmpfs -o nodev tmpfs /lib/modules/lua/t/nodev
mknod /lib/modules/lua/t/nodev/null.lua c 1 3
echo 'setmetatable({}, {__gc = function() rcu.finalized = true end}) rcu.ran = (rcu.ran or 0) + 1' \
	>/lib/modules/lua/t/good.lua

ok 'run a script' lunatik run examples/hello
is "$(lunatik list)" examples/hello 'it is in the list'
like "$(lunatik status)" "^lunatik +$(built_in && echo built in || echo loaded), version 0\." \
	'status says what is there'
like "$(lunatik status)" '^scripts +examples/hello' 'and what runs'
fails 'to run it again is refused' lunatik run examples/hello.lua
is "$ktap_out" "lunatik: script 'examples/hello' is already running" 'with a sentence'
ok 'a second one' lunatik run t/good softirq
is "$(lunatik list | tr '\n' ' ')" 'examples/hello t/good ' 'both are in the list'
if built_in; then
	skip 'which keeps the modules loaded' "$BUILT_IN"
else
	fails 'which keeps the modules loaded' modprobe -r luarcu lunatik
fi
ok 'stop the second' lunatik stop t/good
answers 'print(rcu.ran, rcu.finalized) rcu.ran = nil rcu.finalized = nil' "$(printf '1\ttrue')" \
	'it ran once, its finalizers ran'
ok 'stop the first' lunatik stop examples/hello
is "$(lunatik list)" '' 'nothing runs'
fails 'what does not run cannot be stopped' lunatik stop examples/hello
is "$ktap_out" "lunatik: script 'examples/hello' is not running" 'with a sentence'

try()
{
	fails "$1" lunatik run "$2"
	like "$ktap_out" "$3" "$1: $3"
	is "$(lunatik list)" '' "$1: nothing runs"
}
try 'a script that raises' t/bad '^lunatik: /lib/modules/lua/t/bad.lua:1: does not work$'
try 'a script that does not parse' t/syntax "t/syntax.lua:1: unexpected symbol near '='"
try 'a missing script' t/nothing 'cannot open /lib/modules/lua/t/nothing.lua: no such file'
try 'a name with ..' ../../../etc/passwd "must not contain '..'"
try 'a name that is absolute' /etc/passwd 'must be relative to /lib/modules/lua/'
try 'an empty name' '' 'the name is empty'
try 'a long name' "$(head -c 300 /dev/zero | tr '\0' x)" 'the name is too long'
try 'a script that is too large' t/large 'larger than'
try 'a precompiled script' t/chunk 'binary chunk'
try 'a directory' t/dir 'not a regular file'
try 'a script that raises a table' t/table 'error object is a table value'
try 'a name with dots in it' t/a..b 'no such file'
refuses 'require "t/syntax"' "error loading module 't/syntax' from file '/lib/modules/lua/t/syntax.lua':" \
	'to require what does not parse'
try 'what is below a file' t/bad.lua/x 'not a directory'
try 'a link to itself' t/loop 'too many symbolic links'
try 'a socket' t/socket 'input/output error'
try 'a device where there are none' t/nodev/null 'permission denied'
umount /lib/modules/lua/t/nodev
ok 'an empty script' lunatik run t/empty
ok 'can be stopped' lunatik stop t/empty

echo 'while true do end' >/lib/modules/lua/t/endless.lua
sh -c 'exec lunatik run t/endless' 2>/dev/null & run=$!
for _ in 1 2 3 4 5 6 7 8 9; do
	[ "$(lunatik list)" != t/endless ] || break
	sleep 0.3
done
is "$(lunatik list)" t/endless 'a script that is still being loaded is in the list'
fails 'it cannot be stopped' lunatik stop t/endless
is "$ktap_out" "lunatik: script 't/endless' is still being loaded, end who runs it" 'with a sentence'
kill -KILL $run
wait $run 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9; do
	[ -n "$(lunatik list)" ] || break
	sleep 0.3
done
is "$(lunatik list)" '' 'but by ending who runs it'

fails 'a context that is none' lunatik run t/good nowhere
like "$ktap_out" "no context 'nowhere'" 'is named'
fails 'a command that is none' lunatik start t/good
like "$ktap_out" "no command 'start'" 'is named, again'
fails 'too many arguments' lunatik list t/good
ok 'help' lunatik --help
like "$(lunatik --version)" '^lunatik 0\..*in the kernel' 'version'
ok 'quotes and control characters in a name do no harm' sh -c \
	'lunatik run "a\"b]]
\\c" 2>&1 | grep -q "no such file"'
works 'and scripts run'

fails 'who is not root' setpriv --reuid 65534 --regid 65534 --clear-groups lunatik list
like "$ktap_out" 'permission denied' 'is told so'
rm -r /lib/modules/lua/t
if built_in; then
	skip 'without the modules' "$BUILT_IN"
	finish
fi
modprobe -r luarcu lunatik
fails 'without the modules' lunatik list
like "$ktap_out" "not loaded, try 'lunatik load'" 'a person is told what to do'
like "$(lunatik status 2>/dev/null)" 'lunatik +not loaded' 'status says so'
fails 'and that it is not well' lunatik status
fails 'a prompt is refused' lunatik </dev/null
like "$ktap_out" 'not loaded' 'with that reason'
fails 'who is not root loads nothing' setpriv --reuid 65534 --regid 65534 --clear-groups lunatik load
like "$ktap_out" 'only root may load modules' 'and is told so'
moved=/lib/modules/$(uname -r)/modules.dep
mv "$moved" /tmp/modules.dep
fails 'where no modules are installed' lunatik load
like "$ktap_out" 'no modules are installed for this kernel' 'a person is told so'
mv /tmp/modules.dep "$moved"
ok 'load' lunatik load
ok 'again, which changes nothing' lunatik load

# a session as in a terminal, see tools/session.txt
session()
{
	while IFS= read -r line; do
		case $line in
		'# '*)
			printf '%s\n' "$line"
			sh -c "${line#??}" 2>&1 </dev/null
			status=$?
			[ $status -eq 0 ] || echo "(exit $status)"
			;;
		esac
	done
}
session <"$TESTDIR/tools/session.txt" >/tmp/session.out
if grep -v '^##' "$TESTDIR/tools/session.txt" | diff -u - /tmp/session.out >/tmp/session.diff; then
	pass 'a session in a shell'
else
	fail 'a session in a shell' || diag </tmp/session.diff
fi

# the prompt, on a terminal; what is typed is not echoed, or would be twice
typed()
{
	script -E never -qec "stty -echo; exec lunatik" /dev/null <"$1" | tr -d '\r'
}
cat >/tmp/typed <<'X'
x = 6
x * 7
for i = 1, 2 do
print(i)
end
nothing.at.all
x
nil, "two"
1.5
return x // 0
"no end
in this line
string.rep("x", 3) -- a comment
local y = 1 print(y)
y
X
typed /tmp/typed >/tmp/typed.out
sed -i -e 's/^\(>>* \)*//' -e '/^$/d' -e 1d /tmp/typed.out
cat >/tmp/typed.want <<'X'
42
1
2
stdin:1: attempt to index a nil value (global 'nothing')
6
nil	two
stdin:1: numbers are integers in the kernel, malformed number near '1.5'
stdin:1: attempt to perform 'n//0'
stdin:1: unfinished string near '"no end'
xxx
1
nil
X
if diff -u /tmp/typed.want /tmp/typed.out >/tmp/typed.diff; then
	pass 'a session at the prompt'
else
	fail 'a session at the prompt' || diag </tmp/typed.diff
fi
is "$(grep -c /dev/luadrv /proc/lunatik)" 0 'its state ends with it'

# one whose script does not end, which Ctrl-C ends; then what it knew is there
(
	echo 'x = 42'
	sleep 1
	echo 'while true do end'
	sleep 2
	printf '\003'
	sleep 2
	echo 'x'
	sleep 1
) | script -E never -qec "stty -echo; exec lunatik" /dev/null | tr -d '\r' >/tmp/keys.out
like "$(cat /tmp/keys.out)" '(^|> )42' 'Ctrl-C ends what runs, the prompt goes on'

# killed, it leaves nothing
(echo 'x = 1'; sleep 30) | script -E never -qec "stty -echo; exec lunatik" /dev/null >/dev/null & typing=$!
sleep 2
like "$(cat /proc/lunatik)" '/dev/luadrv' 'a prompt has a runtime'
pkill -KILL -x lua5.4
kill $typing
wait $typing 2>/dev/null
sleep 1
is "$(grep -c /dev/luadrv /proc/lunatik)" 0 'which ends when it is killed'

# Ctrl-C while a script is loaded
mkdir -p /lib/modules/lua/t
echo 'while true do end' >/lib/modules/lua/t/endless.lua
(sleep 2; printf '\003'; sleep 2) | script -E never -qec \
	"trap : INT; lunatik run t/endless; echo status \$?; lunatik list; echo end" /dev/null | tr -d '\r' >/tmp/endless.out
like "$(cat /tmp/endless.out)" 'lunatik: interrupted' 'Ctrl-C ends run'
like "$(cat /tmp/endless.out)" 'status 130' 'with a status of its own'
is "$(lunatik list)" '' 'and nothing runs'

# unload: all of it, or what holds it
echo 'lunatik._ENV.mine = require("rcu").table() return function() end' >/lib/modules/lua/t/shares.lua
ok 'run what shares a table' lunatik run t/shares
ok 'and another' lunatik run examples/echo softirq
exec 3<>"$DRV"
fails 'unload while the device is open' lunatik unload
like "$ktap_out" '^lunatik: cannot unload: .*\[[0-9]+\] has /dev/luadrv open' 'says who has it open'
exec 3>&-
ok 'tried again after it is closed' lunatik unload
is "$(grep -E -c '^(lua|lunatik)' /proc/modules)" 0 'no module is left'
ok 'to unload what is not there is no error' lunatik unload
ok 'reload loads' lunatik reload
ok 'run' lunatik run examples/echo
ok 'reload stops what runs' lunatik reload
is "$(lunatik list)" '' 'nothing runs after that'
echo 'while true do end' >"$DRV" & endless=$!
sleep 1
fails 'unload while a script runs' lunatik unload
like "$ktap_out" "the script of process $endless runs" 'says whose'
kill -KILL $endless
wait $endless 2>/dev/null
ok 'tried again after its end' lunatik unload
ok 'load, again' lunatik load

# status and its JSON, read by another's reader
ok 'run for the status' lunatik run examples/echo hardirq --memory=300k
like "$(lunatik status)" 'hardirq +[0-9]+ .* examples/echo' 'status has a line for each runtime'
lunatik status --json >/tmp/status.json
ok 'its JSON is JSON' perl -MJSON::PP -e 'local $/; open F, "/tmp/status.json"; my $s = decode_json(<F>);
	my ($r) = grep { $_->{name} eq "examples/echo" } @{$s->{runtimes}};
	die unless $r->{context} eq "hardirq" && $r->{quota} == 300 * 1024 && $r->{memory} > 0;
	die unless $s->{scripts}[0] eq "examples/echo" && $s->{modules}{lunatik}{state} eq "loaded"'
ok 'stop' lunatik stop examples/echo
echo 'error("deep")' >/lib/modules/lua/t/deep.lua
fails 'a traceback is shown' lunatik run t/deep --traceback
like "$ktap_out" 'stack traceback:.*t/deep.lua:1' 'if it is asked for'

# many at once: each gets its own answer
seconds=$(sed -n 's/.*lunatik\.tools=\([0-9]*\).*/\1/p' /proc/cmdline)
cat >/tmp/many.sh <<'X'
echo "id = $1" >/lib/modules/lua/t/many$1.lua
end=$(($(date +%s) + $2))
while [ "$(date +%s)" -lt $end ]; do
	lunatik run t/many$1 || exit
	[ "$(lunatik list | grep -x t/many$1)" = t/many$1 ] || exit
	! lunatik run t/many$1 2>/tmp/many.$1 || exit
	[ "$(cat /tmp/many.$1)" = "lunatik: script 't/many$1' is already running" ] || exit
	lunatik stop t/many$1 || exit
	[ "$(echo "return $1 * 20000" | lunatik)" = $(($1 * 20000)) ] || exit
	echo >>/tmp/many.$1.rounds
done
echo well >/tmp/many.$1
X
asked=''
for i in $(seq 20); do
	sh /tmp/many.sh "$i" "${seconds:-15}" & asked="$asked $!"
done
for pid in $asked; do
	wait "$pid"
done
is "$(cat /tmp/many.? /tmp/many.?? | grep -c '^well$')" 20 'twenty use the command at once, every answer is the asker'"'"'s'
diag "$(cat /tmp/many.*.rounds | wc -l) rounds of 7 commands in ${seconds:-15} s"
is "$(lunatik list)" '' 'and nothing is left'
rm -r /lib/modules/lua/t
finish
