#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 1200
# The command lunatik as people use it: in a shell, at the prompt, many at once.
. "$KTAP"
. "$TESTDIR/lib.sh"
if built_in; then
	echo "1..0 # SKIP $BUILT_IN"
	exit
fi
lunatik unload

ok 'a session in a shell' lua5.4 "$TESTDIR/tools/session.lua" "$TESTDIR/tools/session.txt"

# the prompt, on a terminal; what is typed is not echoed, or would be twice. An end of
# file that comes while a line is being run is lost on the way to raw mode.
typed()
{
	{ cat "$1"; sleep $((5 * LUNATIK_SLOW)); } |
		timeout 300 script -E never -qec "stty -echo; exec lunatik" /dev/null | tr -d '\r'
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
stdin:1: attempt to divide by zero
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
ok 'run for the status' lunatik run examples/echo "${CONTEXTS##* }" --memory=300k
like "$(lunatik status)" "${CONTEXTS##* } +[0-9]+ .* examples/echo" 'status has a line for each runtime'
lunatik status --json >/tmp/status.json
ok 'its JSON is JSON' perl -MJSON::PP -e 'local $/; open F, "/tmp/status.json"; my $s = decode_json(<F>);
	my ($r) = grep { $_->{name} eq "examples/echo" } @{$s->{runtimes}};
	die unless $r->{context} eq "'"${CONTEXTS##* }"'" && $r->{quota} == 300 * 1024 && $r->{memory} > 0;
	die unless $s->{scripts}[0] eq "examples/echo" && $s->{modules}{lunatik}{state} eq "loaded"'
ok 'stop' lunatik stop examples/echo
echo 'error("deep")' >/lib/modules/lua/t/deep.lua
fails 'a traceback is shown' lunatik run t/deep --traceback
like "$ktap_out" '^	.*t/deep.lua:1: in main chunk$' 'if it is asked for'
unlike "$ktap_out" 'luadrv' 'and nothing of ours'

# threads
if echo 'require "thread" assert(require("lunatik.runner").spawn)' | lunatik 2>/dev/null; then
	cat >/lib/modules/lua/t/thread.lua <<'X'
local thread = require "thread"
return function()
	while not thread.shouldstop() do end
	print("thread: asked to stop")
end
X
	ok 'spawn' lunatik spawn t/thread
	is "$(lunatik list)" t/thread 'it is in the list'
	fails 'spawn again' lunatik spawn t/thread.lua
	is "$ktap_out" "lunatik: script 't/thread' is already running" 'is refused'
	klog_mark
	ok 'stop its thread' lunatik stop t/thread
	like "$(klog_since)" 'thread: asked to stop' 'which was asked to'
	fails 'spawn what returns no function' lunatik spawn examples/hello
	like "$ktap_out" '^lunatik: .*examples/hello.* returned no function' 'is refused, with that reason'
	fails 'spawn in softirq context' lunatik spawn t/thread softirq
	like "$ktap_out" 'process context' 'is refused, with its reason'
	is "$(lunatik list)" '' 'neither is left'
	ok 'spawn, and leave it' lunatik spawn t/thread
	ok 'unload stops it' lunatik unload
	ok 'load after that' lunatik load
else
	skip 'spawn' "no library 'thread', or a runner without spawn()"
fi

# devices
if echo 'require "device"' | lunatik 2>/dev/null; then
	ok 'run what has a device' lunatik run examples/echodevice
	exec 3<>/dev/echo
	fails 'unload while it is open' lunatik unload
	like "$ktap_out" "\\[$$\\] has /dev/echo open" 'says who has it open'
	exec 3>&-
	ok 'unload when it is closed' lunatik unload
	ok 'load after that, again' lunatik load
else
	skip 'unload while a device is open' "no library 'device'"
fi

# what bash completes
completes()
{
	bash -c '. /usr/share/bash-completion/completions/lunatik
		COMP_WORDS=(lunatik "$@") COMP_CWORD=$#
		_lunatik 2>/dev/null
		echo "${COMPREPLY[*]}"' bash "$@"
}
is "$(completes st)" 'stop status' 'bash completes commands'
is "$(completes run examples/hel)" examples/hello 'scripts'
is "$(completes run examples/hello so)" softirq 'contexts'
is "$(completes status --)" '--json --traceback' 'options'
ok 'run for bash' lunatik run examples/hello
is "$(completes stop '')" examples/hello 'and what runs'
ok 'stop for bash' lunatik stop examples/hello

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
