#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 900
# The libraries data, fifo, completion and mailbox: each file of scripts/data asserts
# what it says; then runtimes in each context, several at once, and ends of a wait.
. "$KTAP"
. "$TESTDIR/lib.sh"
mkdir -p /lib/modules/lua/t
cp "$TESTDIR/scripts/raises.lua" /lib/modules/lua/t/
modprobe luarcu
scripts=$TESTDIR/scripts/data
lib=/lib/modules/lua/t/data
mkdir -p "$lib"
cp "$scripts"/*.lua "$lib"
contexts

klog_mark
for name in data fifo completion mailbox; do
	run "$scripts/$name.lua"
	is "$status:$out" 0:done "$name"
done

for context in $CONTEXTS; do
	answers "local data, fifo = require 'data', require 'fifo'
	local d, q = data.new(8), fifo.new(64)
	d:setnumber(0, 7)
	local rt <close> = lunatik.runtime('t/data/handler', '$context')
	local e, answer = rt:resume(d, q)
	print(e:getnumber(0), d:getnumber(0), (q:pop(64)), answer)" \
		"$(printf '7\t8\tfrom the handler\t%s' \
			"$([ "$context" = hardirq ] && echo refused || echo made)")" \
		"a $context runtime has the same objects"
done

# 3 send, 3 receive, each 500 messages, whose length says what is in them
lua 'local m = require "mailbox".inbox(8192) rcu.queue = m.queue rcu.event = m.event rcu.received = 0'
for i in 1 2 3; do
	cat "$scripts/receive.txt" >"$DRV" 2>/dev/null & receivers="${receivers-} $!"
	cat "$scripts/send.txt" >"$DRV" 2>/dev/null & senders="${senders-} $!"
done
bad=0
for pid in $receivers $senders; do
	wait "$pid" || bad=$((bad + 1))
done
is $bad 0 'senders and receivers end'
answers 'print(rcu.received, rcu.queue:poprecord(), rcu.event:wait(0))' "$(printf '1500\tnil\tnil\ttimeout')" \
	'each message came to one receiver, whole'

# one writes and resizes while others read: bytes are those of one moment or refused
lua 'local data = require "data" rcu.data = data.new(4096)'
cat "$scripts/resize.txt" >"$DRV" & writer=$!
run "$scripts/watch.txt"
is "$status:$out" 0:done 'data that changes its size while it is read'
wait $writer
is $? 0 'and its writer'

# ends_in SECONDS PID NAME
ends_in()
{
	n=$(($1 * 10))
	while kill -0 "$2" 2>/dev/null && [ $n -gt 0 ]; do
		sleep 0.1
		n=$((n - 1))
	done
	ok "$3" test $n -gt 0
}

echo 'require "completion".new():wait()' >/tmp/wait.lua
for signal in TERM KILL; do
	cat /tmp/wait.lua >"$DRV" 2>/dev/null & pid=$!
	sleep 0.3
	kill -$signal $pid
	ends_in $((5 * LUNATIK_SLOW)) $pid "SIG$signal ends a wait"
	wait $pid 2>/dev/null
done
lua 'rcu.waiter = lunatik.runtime("t/data/wait")'
echo 'rcu.waiter:resume()' >/tmp/resume.lua
cat /tmp/resume.lua >"$DRV" 2>/dev/null & pid=$!
sleep 0.3
lua 'rcu.waiter:stop() print "stopped"'
is "$out" stopped 'a runtime whose script waits is stopped'
ends_in $((5 * LUNATIK_SLOW)) $pid 'who waited goes on'
wait $pid 2>/dev/null
answers 'local rt <close> = lunatik.runtime("t/data/wait", "process", {time = 100})
local c = require "completion".new()
print(rt:resume(c, 600))' "$(printf 'nil\ttimeout')" 'a wait is not counted as time that the script takes'

lua 'for k in pairs(rcu) do rcu[k] = nil end collectgarbage()'
if ! built_in; then
	ok 'the modules go' modprobe -r luadata luafifo luacompletion
fi
# shellcheck disable=SC2016 # the shell that is called expands it
ok 'the kernel had nothing to say' sh -c \
	'! dmesg | sed "1,/$0/d" | grep -E "BUG|WARNING|stack overflow"' "$KLOG_MARK"
rm -r /lib/modules/lua/t
works 'scripts run'
finish
