#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# The library thread, and lunatik.runner.spawn().
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu

SCRIPTS=/lib/modules/lua/t
mkdir -p $SCRIPTS
script() { cat >"$SCRIPTS/$1.lua"; }

# within SECONDS COMMAND...: it succeeds in that time
within()
{
	for _ in $(seq $(($1 * 10))); do
		! (shift; "$@") || return 0
		sleep 0.1
	done
	return 1
}

kthread() { grep -lsx "$1" /proc/[0-9]*/comm | cut -d / -f 3; }
gone() { [ -z "$(kthread "$1")" ]; }

script loop <<'END'
local thread, linux = require "thread", require "linux"
return function()
	rcu.loop = (rcu.loop or 0) + 1
	while not thread.shouldstop() do linux.schedule(1000) end
	rcu.ended = (rcu.ended or 0) + 1
end
END
script once <<'END'
return function() rcu.once = require "thread".current():task().pid end
END
script raises <<'END'
return function() error("in a thread") end
END
script busy <<'END'
return function() rcu.busy = 1 while true do end end
END
script stubborn <<'END'
return function() rcu.stubborn = 1 while true do pcall(function() while true do end end) end end
END
script sleeps <<'END'
return function() require "linux".schedule() rcu.slept = true end
END
script table <<'END'
return {}
END
script nothing <<'END'
END
script yields <<'END'
coroutine.yield(1)
return function() end
END
script inner <<'END'
return function() coroutine.yield() end
END

# a thread of one's own
answers 'local thread = require "thread" local t = thread.run(lunatik.runtime("t/loop"), "lua/%s%n%d")
local k = t:task() print(k.command, k.pid == k.tgid, k.pid > 0, k.cpu >= 0)
t:stop() print(rcu.loop, rcu.ended) t:stop() print(t:task().pid == k.pid)' \
	"$(printf 'lua/%%s%%n%%d\ttrue\ttrue\ttrue\n1\t1\ntrue')" 'it runs, is stopped, and has a name'
answers 'local thread = require "thread" print(thread.current(), thread.shouldstop())' \
	"$(printf 'nil\tfalse')" 'outside of a thread'
answers 'local thread, linux = require "thread", require "linux"
local t = thread.run(lunatik.runtime("t/once"), "once") local n = 0
while not rcu.once and n < 100 do n = n + 1 linux.schedule(20) end
print(rcu.once == t:task().pid) t:stop() t:stop() rcu.once = nil' true 'one that has ended'
answers 'local thread = require "thread" local rt = lunatik.runtime("t/loop") local t = thread.run(rt, "twice")
print(pcall(thread.run, rt, "again")) t:stop()
print(pcall(thread.run, rt, "again")) print(pcall(rt.resume, rt))' \
	"$(printf "false\truntime 't/loop' has a thread already
false\tthe script of runtime 't/loop' returned no function for a thread to run
false\tthe script of runtime 't/loop' has ended, or returned no function to resume")" 'a function is run once'
for name in table nothing yields; do
	refuses "require 'thread'.run(lunatik.runtime('t/$name'), 'x')" \
		"the script of runtime 't/$name' returned no function for a thread to run" "a script that returns none: $name"
done
answers 'local rt = lunatik.runtime("t/loop") rt:stop() print(pcall(require "thread".run, rt, "x"))' \
	"$(printf "false\truntime 't/loop' is stopped")" 'a runtime that is stopped'
for context in $ATOMIC; do
	refuses "require 'thread'.run(lunatik.runtime('t/nothing', '$context'), 'x')" \
		'a thread runs in a runtime of process context only' "a $context runtime"
done
refuses 'require "thread".run(5, "x")' 'runtime expected, got number' 'no runtime'
refuses 'require "thread".run(rcu, "x")' 'runtime expected, got rcu' 'another object'
refuses 'require "thread".run(lunatik.runtime("t/once"))' 'string expected, got no value' 'no name'
refuses 'require "thread".run(lunatik.runtime("t/once"), "")' 'empty' 'an empty name'
refuses 'require "thread".run(lunatik.runtime("t/once"), "a\0b")' 'NUL' 'a NUL in the name'
answers 'require "thread".run(lunatik.runtime("t/loop"), ("x"):rep(63)):stop() print "ok"' ok 'a long name'
refuses 'require "thread".run(lunatik.runtime("t/loop"), ("x"):rep(64))' 'too long' 'one that is too long'
klog_mark
answers 'local thread = require "thread" local t = thread.run(lunatik.runtime("t/raises"), "raises")
require "linux".schedule(100) t:stop() print "ok"' ok 'a function that raises'
like "$(klog_since)" 't/raises.lua:1: in a thread' 'the log has it'
klog_mark
answers 'local t = require "thread".run(lunatik.runtime("t/inner"), "inner") require "linux".schedule(100) t:stop() print "ok"' \
	ok 'a function that yields'
like "$(klog_since)" 'attempt to yield from outside a coroutine' 'the log has it, too'

# what ends one
answers 'local t = require "thread".run(lunatik.runtime("t/busy"), "busy") while not rcu.busy do end rcu.busy = nil
local linux = require "linux" local from = linux.time() t:stop()
local ms = (linux.time() - from) // 1000000 print(ms >= 500, ms < 5000)' "$(printf 'true\ttrue')" \
	'one that does not ask is ended after a second'
answers 'local t = require "thread".run(lunatik.runtime("t/stubborn"), "stubborn") while not rcu.stubborn do end rcu.stubborn = nil
t:stop() print "ok"' ok 'so is one that catches errors'
answers 'local t = require "thread".run(lunatik.runtime("t/sleeps"), "sleeps") require "linux".schedule(200)
t:stop() print(rcu.slept) rcu.slept = nil' true 'one that sleeps wakes up'
answers 'local rt = lunatik.runtime("t/sleeps") local t = require "thread".run(rt, "sleeps2") require "linux".schedule(200)
rt:stop() t:stop() print(rcu.slept)' nil 'its runtime may be stopped instead'
answers 'local rt = lunatik.runtime("t/busy") local t = require "thread".run(rt, "busy2") while not rcu.busy do end rcu.busy = nil
rt:stop() print "ok"' ok 'while it is busy as well'
ok 'which ends it' within 5 gone busy2
answers 'require "thread".run(lunatik.runtime("t/loop"), "dropped") collectgarbage() print "ok"' ok 'a handle that is let go'
ok 'ends its thread' within 5 gone dropped
answers 'rcu.kept = nil print(pcall(function() rcu.kept = require "thread".run(lunatik.runtime("t/loop"), "kept") end))' true 'a handle can be shared'
ok 'and keeps the thread running' test -n "$(kthread kept)"
if ! built_in; then
	fails 'the module stays while one runs' modprobe -r luathread
	like "$ktap_out" 'is in use' 'and says so'
fi
answers 'rcu.kept:stop() rcu.kept = nil print "stopped"' stopped 'others stop it'
ok 'it is gone' gone kept
script self <<'END'
return function()
	local thread = require "thread"
	local ok, why = pcall(thread.current().stop, thread.current())
	me = thread.current()
	rcu.why = why
	while not thread.shouldstop() do require "linux".schedule(100) end
end
END
answers 'local t = require "thread".run(lunatik.runtime("t/self"), "self") local linux = require "linux"
while not rcu.why do linux.schedule(20) end print(rcu.why) rcu.why = nil' \
	'a thread cannot stop itself, it ends when its function returns' 'one that stops itself'
ok 'its own handle does not keep it' within 5 gone self
# it waits for who waits for its end
script waits <<'END'
return function()
	local linux = require "linux"
	rcu.waits = 1
	linux.schedule(300)
	print(pcall(function() return rcu.other:resume() end))
	rcu.waited = 1
end
END
script stops <<'END'
rcu.other = nil
return function()
	local t = require "thread".run(lunatik.runtime("t/waits"), "waits")
	while not rcu.waits do require "linux".schedule(10) end
	t:stop()
	return "stopped"
end
END
answers 'local rt = lunatik.runtime("t/stops") rcu.other = rt print(rt:resume()) rcu.other = nil rt:stop() print(rcu.waited) rcu.waits = nil rcu.waited = nil' \
	"$(printf 'stopped\n1')" 'one that waits for who stops it'
timeout -s KILL 3 sh -c "echo 'local rt = lunatik.runtime(\"t/stubborn\") local t = require \"thread\".run(rt, \"killed\") require \"linux\".schedule()' >$DRV" 2>/dev/null
is $? 137 'who has a thread is killed'
ok 'and takes it along' within 8 gone killed
answers 'rcu.stubborn = nil' '' 'as after the other'

# budgets: what a thread does takes no limit of time, what the script does has one
script limited <<'END'
local linux = require "linux"
return function()
	local from = linux.time()
	while linux.time() - from < 1500000000 do end
	rcu.limited = true
end
END
answers 'local rt = lunatik.runtime("t/limited", "process", {time = 200}) local t = require "thread".run(rt, "limited")
local linux = require "linux" local n = 0 while not rcu.limited and n < 400 do n = n + 1 linux.schedule(20) end
print(rcu.limited) rcu.limited = nil t:stop()' true 'a thread has no limit of time'

# many
answers 'local thread = require "thread" local ts = {}
for i = 1, 50 do ts[i] = thread.run(lunatik.runtime("t/loop"), "many" .. i) end
for i = 1, 50 do ts[i]:stop() end print "ok"' ok 'fifty'
answers 'rcu.loop = nil rcu.ended = nil rcu.once = nil' '' 'nothing is left of them'

# spawn
answers 'print((require "lunatik.runner".spawn("t/loop"):task().command))' t/loop 'spawn'
is "$(lunatik list)" t/loop 'it is in the list'
refuses 'require "lunatik.runner".spawn("t/loop.lua")' "script 't/loop' is already running" 'once'
refuses 'require "lunatik.runner".spawn("t/loop", "softirq")' 'process context only' 'a softirq thread'
answers 'local env = lunatik._ENV print(#env.runtimes, #env.threads, env.threads["t/loop"]:task().command)' \
	"$(printf '1\t1\tt/loop')" 'it can be found by its name'
ok 'stop it' lunatik stop t/loop
answers 'local env = lunatik._ENV print(#env.runtimes, #env.threads, #env) for k in pairs(env) do print(k) end' \
	"$(printf '0\t0\t0')" 'then no longer'
answers 'local env, runner, n = lunatik._ENV, require "lunatik.runner", 0
local rt = runner.run("t/nothing") runner.run("t/once", "softirq")
require "rcu".map(env.runtimes, function(name, r) n = n + #name end) print(n)
env.runtimes["t/nothing"]:stop() print(env.runtimes["t/nothing"], #env.runtimes)
runner.run("t/nothing.lua") runner.stop("t/nothing") runner.stop("t/once") print(#env.runtimes)
env.threads = 5 print(env.threads) env.threads = nil print(#env.threads)' \
	"$(printf '15\nnil\t1\n0\n5\n0')" 'every script is'
answers 'local thread = require "thread" do local t <close> = thread.run(lunatik.runtime("t/loop"), "closed") end
print(rcu.ended) local ok, why = pcall(function() local t <close> = thread.current() end) print(ok)' \
	"$(printf '2\ntrue')" 'a thread is stopped where its variable ends'
answers 'print(rcu.ended) rcu.ended = nil rcu.loop = nil' 2 'they came to their own end'
ok 'its thread is gone' gone t/loop
for name in table raises_not_there; do
	lua "require 'lunatik.runner'.spawn('t/$name')"
	ok "spawn of $name fails" test "$status" -ne 0
	is "$(lunatik list)" '' 'and leaves nothing'
done
answers 'local runner = require "lunatik.runner" runner.startup() runner.run("t/nothing") runner.spawn("t/loop") runner.spawn("t/busy")
print(runner.list()) runner.shutdown() print(runner.list() == "")' "$(printf 't/nothing, t/loop, t/busy\ntrue')" 'shutdown stops all'
ok 'their threads are gone' within 5 gone t/busy
answers 'rcu.loop = nil rcu.ended = nil rcu.busy = nil' '' 'nothing is left'
# what a library of somebody's own gives for a thread, and who runs when it goes
script fin <<'END'
setmetatable({}, {__gc = function() require "lunatik.runner".list() end})
END
answers 'package.loaded.thread = {run = function(rt) R = rt return lunatik.runtime "t/fin" end}
require "lunatik.runner".spawn "t/nothing" collectgarbage() R:stop() print "stopped"' stopped \
	'whatever is kept as the thread is given back with no lock held'
refuses 'package.loaded.thread = {run = function() debug.getinfo(2, "f").func() end}
require "lunatik.runner".spawn "t/nothing"' 'string expected, got no value' 'what spawn() calls is no way in'
is "$(lunatik list)" '' 'and nothing runs'
rm -r $SCRIPTS
if ! built_in; then
	ok 'the module can go' within 5 modprobe -r luathread
fi
works 'scripts run'
finish
