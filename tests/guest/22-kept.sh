#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# Sessions of /dev/luadrv that keep their Lua state: O_APPEND.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu

# kept TEXT...: runs each in one session; prints what it answers, or the errno
# and the first line of that. A text '!' closes the session and opens another.
cat >/tmp/kept.pl <<'X'
use Fcntl; use Errno;
sub begin { close F; sysopen(F, "/dev/luadrv", O_RDWR | O_APPEND) or die "open: $!" }
sub answer { my ($all, $b) = ""; while (sysread(F, $b, 65536)) { $all .= $b } $all }
begin();
for (@ARGV) {
	if ($_ eq "!") { begin(); next }
	defined syswrite(F, $_) or die "write: $!";
	my ($b, $n);
	if (defined($n = sysread(F, $b, 65536))) { print $b, answer() }
	else { my ($e) = grep { $!{$_} } sort keys %!; my $m = answer(); $m =~ s/\n.*//s; print "$e: $m\n" }
}
X
kept()
{
	perl /tmp/kept.pl "$@" 2>&1
}

is "$(kept 'x = 6' 'print(x * 7)' 'return x')" "$(printf '42\n6')" 'a script sees what the one before left'
is "$(kept 'x = 6' '!' 'print(x)')" nil 'another session does not'
is "$(kept 'local y = 1' 'print(y)')" nil 'what was local is gone'
is "$(kept 'x = 1 error("boom")' 'print(x)')" "$(printf 'ECANCELED: /dev/luadrv:1: boom\n1')" \
	'an error leaves the state as it is'
is "$(kept 'x = 1' 'x = = 2' 'print(x)')" \
	"$(printf "ENOEXEC: /dev/luadrv:1: unexpected symbol near '='\n1")" 'a syntax error does'
is "$(kept 'x = 1' 'local t = {} for i = 1, 1 << 40 do t[i] = i end' \
	'collectgarbage() collectgarbage() print(x, collectgarbage("count") < 1 << 20)' |
	sed 's/^ENOMEM.*/ENOMEM/')" "$(printf 'ENOMEM\n1\ttrue')" 'so does want of memory, and what it took is collected'
is "$(kept 'r = lunatik.runtime("examples/echo", "softirq")' 'print(r:resume("a"))' 'print(r:resume("b"))' \
	'r:stop()')" "$(printf 'a\t1\nb\t2')" 'objects stay'
is "$(kept 'setmetatable({}, {__gc = function() rcu.finalized = true end})' '!' 'print(rcu.finalized) rcu.finalized = nil')" \
	true 'finalizers run when it is closed'
is "$(kept 'print(("x"):rep(10))' '' 'print(1)')" "$(printf 'xxxxxxxxxx\n1')" 'each answer is its own'
is "$(kept 'f = function() print("later") end return 1' 'f()')" "$(printf '1\nlater')" 'what is printed goes to who runs it'

# finalizers that never end are ended, see lunatik(7)
start=$(date +%s)
ok 'close one whose finalizer does not end' kept 'setmetatable({}, {__gc = function() while true do end end})'
ok 'does not take for ever' test $(($(date +%s) - start)) -lt $((10 * LUNATIK_SLOW))

# who has it is killed
cat >/tmp/endless.pl <<'X'
use Fcntl;
sysopen(F, "/dev/luadrv", O_RDWR | O_APPEND | ($ARGV[0] ? O_NONBLOCK : 0));
syswrite F, "x = 1";
sysread F, $b, 10;
sleep 1 if $ARGV[0];
syswrite F, "while true do pcall(function() while true do end end) end";
sysread F, $b, 10;
close F if $ARGV[0];
X
running()
{
	grep -c ' /dev/luadrv$' /proc/lunatik
}
perl /tmp/endless.pl & endless=$!
for _ in $(seq 50); do
	[ "$(running)" -eq 0 ] || break
	sleep 0.1
done
sleep 0.5
is "$(running)" 1 'one that runs has a runtime'
if built_in; then
	skip 'which keeps the modules' "$BUILT_IN"
else
	fails 'which keeps the modules' modprobe -r luarcu lunatik
fi
kill -KILL $endless
wait $endless 2>/dev/null
for _ in $(seq 50); do
	[ "$(running)" -ne 0 ] || break
	sleep 0.1
done
is "$(running)" 0 'it ends with its process'

# closed while it runs: nobody waits, and the thread is the last to let go
ok 'close one that runs' perl /tmp/endless.pl nonblock
is "$(running)" 1 'it runs on'
# shellcheck disable=SC2009 # what a person looks at
kill -KILL "$(ps -e | awk '/luadrv\// { print $1; exit }')"
for _ in $(seq 50); do
	[ "$(running)" -ne 0 ] || break
	sleep 0.1
done
is "$(running)" 0 'until it is killed'
works 'and scripts run'
# what calls the text, called by somebody else, when the session ends
mkdir -p /lib/modules/lua/t
cat >/lib/modules/lua/t/describe.lua <<'Y'
error(setmetatable({}, {__tostring = function() debug.getinfo(2, "f").func("x") end}))
Y
is "$(kept 'local f = debug.getinfo(2, "f").func setmetatable({}, {__gc = function() f() end}) return 1' '!' \
	'print(2)')" "$(printf '1\n2')" 'what calls a text is no way in when the session ends'
lunatik run t/describe 2>/dev/null
isnt "$?" 0 'nor is what describes an error'
rm -r /lib/modules/lua/t
works 'and scripts run, again'
if built_in; then
	skip 'nothing holds the modules' "$BUILT_IN"
else
	ok 'nothing holds the modules' modprobe -r luarcu lunatik
	modprobe luarcu
fi
finish
