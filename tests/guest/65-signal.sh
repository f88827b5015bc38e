#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# The library signal.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu

sleep 100 & pid=$!
answers "print(require 'signal'.kill($pid, 0))" true 'who is there'
answers "print(require 'signal'.kill($pid, require 'linux'.signal.TERM))" true 'a signal is sent'
wait $pid
is $? 143 'and ends who it is for'
sleep 100 & pid=$!
answers "print(require 'signal'.kill($pid))" true 'SIGKILL if none is said'
wait $pid
is $? 137 'ends who it is for'
answers "print(pcall(require 'signal'.kill, $pid))" "$(printf 'false\tESRCH')" 'who is not there'
for pid in 0 -1 math.mininteger math.maxinteger '(1 << 32) + 1'; do
	answers "print(pcall(require 'signal'.kill, $pid))" "$(printf 'false\tESRCH')" "nobody: $pid"
done
answers "print(require 'signal'.kill(1, 9))" true 'to init'
ok 'which is alive' test -d /proc/1/fd
for signal in -1 65 math.maxinteger '(1 << 32) + 9'; do
	refuses "require 'signal'.kill(1, $signal)" 'there is no signal' "signal $signal"
	refuses "require 'signal'.sigmask($signal)" 'there is no signal' "to block signal $signal"
done
refuses "require 'signal'.sigmask(0)" 'there is no signal 0' 'to block signal 0'
for signal in 9 19; do
	refuses "require 'signal'.sigmask($signal)" EINVAL "to block signal $signal"
done
refuses "require 'signal'.sigmask(10, 7)" 'how is 0, block, or 1, unblock, not 7' 'to do something else'
refuses "require 'signal'.sigstate(10, 'none')" "invalid option 'none'" 'another state'
answers 'local s = require "signal" local a = s.sigstate(10) s.sigmask(10) local b = s.sigstate(10, "blocked")
s.sigmask(10, 1) print(a, b, s.sigstate(10), s.sigpending(), s.sigstate(10, "pending"), s.sigstate(10, "allowed"))' \
	"$(printf 'false\ttrue\tfalse\tfalse\tfalse\ttrue')" 'blocked and unblocked'

mkdir -p /lib/modules/lua/t
cat >/lib/modules/lua/t/signal.lua <<'END'
local signal, thread, linux = require "signal", require "thread", require "linux"
return function()
	rcu.before = signal.sigstate(10, "allowed")
	signal.sigmask(10, 1)
	rcu.after = signal.sigstate(10, "allowed")
	rcu.pid = thread.current():task().pid
	while not signal.sigpending() do linux.schedule(10000) end
	rcu.asked = thread.shouldstop()
	while true do linux.schedule(10000) end
end
END
answers 'local t = require "thread".run(lunatik.runtime("t/signal"), "signal") local linux = require "linux"
while not rcu.pid do linux.schedule(10) end print(rcu.before, rcu.after)
local from = linux.time() require "signal".kill(rcu.pid, 10) local n = 0
while n < 1000 and rcu.asked == nil do n = n + 1 linux.schedule(10) end
print(rcu.asked, linux.time() - from < 9000000000)
local command = "/proc/" .. rcu.pid .. "/comm"
n = 0 while n < 500 and require "io".open(command) do n = n + 1 linux.schedule(20) end
print((require "io".open(command))) t:stop() rcu.before, rcu.after, rcu.pid, rcu.asked = nil' \
	"$(printf 'false\ttrue\nfalse\ttrue\nnil')" 'a thread sees what it allows, and is ended by it if it does not end'
echo 'local s = require "signal" return function() return pcall(s.sigpending) end' >/lib/modules/lua/t/atomic.lua
answers 'local rt <close> = lunatik.runtime("t/atomic", "softirq") print(rt:resume())' \
	"$(printf 'false\tsignals are for process context only')" 'not in a softirq runtime'
rm -r /lib/modules/lua/t
works 'scripts run'
finish
