#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 900
# What the C API promises to authors of bindings, seen by modules built out of
# tree against the installed headers: api.ko, foo.ko.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu
mkdir -p /lib/modules/lua/t
cp -r "$TESTDIR/scripts/api" /lib/modules/lua/t/
contexts

klog_mark
ok 'every check of api.ko' insmod /opt/lunatik-modules/api/api.ko
log=$(klog_since)
printf '%s\n' "$log" | grep 'api:' | diag
like "$log" 'api: [0-9]{3,} checks, 0 failed' 'all of them ran'
like "$log" 'a runtime cannot be stopped from inside' 'a stop from inside is refused, and said'
ok 'a module with an object and a runtime of its own can be unloaded' rmmod api
insmod /opt/lunatik-modules/api/api.ko
insmod /opt/lunatik-modules/foo/foo.ko

run "$TESTDIR/scripts/api/library.lua"
is "$status:$out" '0:all of it' 'the library api, from a script'

# --- classes of three contexts in one library
only() { echo "this is a $1 runtime, but a $2 runtime is needed"; }
class() { echo "'foo' is a class of $2 context, it cannot be used in a $1 runtime"; }
use='local r <close> = lunatik.runtime("t/api/use", "%s")
for _, line in ipairs {r:resume()} do print(line) end'
# shellcheck disable=SC2059 # a format on purpose
answers "$(printf "$use" process)" "process
$(only process softirq)
$(only process hardirq)
process
softirq
hardirq
true
$(only process softirq)
$(only process hardirq)
true" 'in a process runtime'
# shellcheck disable=SC2059
answers "$(printf "$use" softirq)" "$(only softirq process)
softirq
$(only softirq hardirq)
$(class softirq process)
softirq
hardirq
$(only softirq process)
true
$(only softirq hardirq)
true" 'in a softirq runtime'
if [ -n "$REALTIME" ]; then
	skip 'in a hardirq runtime' "$REALTIME"
	skip 'an object is the same in all runtimes, and works where its context allows' "$REALTIME"
else
# shellcheck disable=SC2059
answers "$(printf "$use" hardirq)" "$(only hardirq process)
$(only hardirq softirq)
hardirq
$(class hardirq process)
$(class hardirq softirq)
hardirq
$(only hardirq process)
$(only hardirq softirq)
true
true" 'in a hardirq runtime'

# --- values and objects go from one runtime to another
answers 'local api = require "api"
local box = api.box("hardirq")
for _, context in ipairs {"process", "softirq", "hardirq"} do
	local r <close> = lunatik.runtime("t/api/share", context)
	print(r:resume(box, box))
	print(r:resume(api.box("softirq"), api.box("process")))
end
print(#box)' "1	2
1	1
3	4
1	'mutexbox' is a class of process context, it cannot be used in a softirq runtime
5	6
'box' is a class of softirq context, it cannot be used in a hardirq runtime	'mutexbox' is a class of process context, it cannot be used in a hardirq runtime
6" 'an object is the same in all runtimes, and works where its context allows'
fi
answers 'local api = require "api"
local r <close> = lunatik.runtime("t/api/share")
print(pcall(r.resume, r, api.file(1)))
print(r:resume(api.box()))' "false	'file' object is private to its runtime, it cannot be shared
1" 'a private object does not go, and nothing is lost by trying'
# more than fits into the first stack of the other
lua 'local r = lunatik.runtime("t/api/share")
local t = {} for i = 1, 300 do t[i] = rcu end
print(select("#", r:resume(table.unpack(t))))
print(select("#", r:resume(nil)), select("#", r:resume()))'
is "$status:$out" '0:300
0	0' 'values that come back are counted'

answers 'local r <close> = lunatik.runtime("examples/echo", "softirq")
print(r:resume("hello")) print(r:resume(1, nil))' "hello	1
1	nil	2" 'the echo of the README'

# --- runtimes that wait for each other
answers 'local a = lunatik.runtime("t/api/waits")
lunatik._ENV.me = a
print(a:resume("me", "resume"))
print(a:resume("me", "stop"))
lunatik._ENV.me = nil
local b <close> = lunatik.runtime("t/api/waits")
print((a:resume(b, "stop")))
print(pcall(b.resume, b))
a:stop()
print(pcall(a.resume, a))' "false	runtime 't/api/waits' waits for this one
false	a script cannot stop the runtime it runs in
true
false	runtime 't/api/waits' is stopped
false	runtime 't/api/waits' is stopped" 'what would wait for itself raises'
cat >/lib/modules/lua/t/api/cross.lua <<'Y'
-- for as long as it takes: resumes what the name in _ENV says
return function(name)
	local said = {}
	for i = 1, 2000 do
		local other = lunatik._ENV[name]
		if other then
			local ok, msg = pcall(other.resume, other, name)
			said[ok and "ok" or msg:gsub("'.*'", "X")] = true
		end
	end
	return said.ok, said["runtime X waits for this one"]
end
Y
lua 'lunatik._ENV.a, lunatik._ENV.b = lunatik.runtime("t/api/cross"), lunatik.runtime("t/api/cross")'
cat >/tmp/a.lua <<'Y'
lunatik._ENV.a:resume("b")
Y
cat >/tmp/b.lua <<'Y'
lunatik._ENV.b:resume("a")
Y
for i in a b; do (timeout 60 sh -c ". $KTAP; . $TESTDIR/lib.sh; run /tmp/$i.lua") & done
wait
works 'two runtimes that resume each other from two CPUs both end'
refuses 'local r <close> = lunatik.runtime("t/api/share") r:resume(r)' \
	'a runtime cannot hold itself, it would never be freed' 'nor does one hold itself'
# each has a userdata of the other
lua 'lunatik._ENV.a:stop() lunatik._ENV.b:stop() lunatik._ENV.a, lunatik._ENV.b = nil'

# --- two that wait for each other, from two threads, and not by chance
cat >/lib/modules/lua/t/api/meet.lua <<'Y'
return function(me, other)
	local them = lunatik._ENV[other]
	rcu[me] = true
	while not rcu[other] do end
	return select(2, pcall(them.resume, them, other, me))
end
Y
lua 'lunatik._ENV.a, lunatik._ENV.b = lunatik.runtime("t/api/meet"), lunatik.runtime("t/api/meet")'
echo 'print(lunatik._ENV.a:resume("a", "b"))' >/tmp/a.lua
echo 'print(lunatik._ENV.b:resume("b", "a"))' >/tmp/b.lua
for i in a b; do
	(timeout 60 sh -c ". $KTAP; . $TESTDIR/lib.sh; run /tmp/$i.lua; printf '%s\n' \"\$out\"" >/tmp/$i.out 2>&1) &
done
wait
like "$(cat /tmp/a.out /tmp/b.out)" "^runtime 't/api/meet' waits for this one" \
	'two runtimes that each hold their own lock and want the other: one is told'
lua 'lunatik._ENV.a:stop() lunatik._ENV.b:stop() lunatik._ENV.a, lunatik._ENV.b, rcu.a, rcu.b = nil'

# --- one that somebody is inside of
cat >/lib/modules/lua/t/api/inside.lua <<'Y'
return function() rcu.inside = true while true do end end
Y
lua 'lunatik._ENV.r = lunatik.runtime("t/api/inside")'
echo 'local r = lunatik._ENV.r print(pcall(r.resume, r))' >/tmp/in.lua
(timeout 120 sh -c ". $KTAP; . $TESTDIR/lib.sh; run /tmp/in.lua; printf '%s\n' \"\$out\"" >/tmp/in.out 2>&1) &
for _ in $(seq 50); do
	lua 'print(rcu.inside)'
	[ "$out" != true ] || break
	sleep 0.1
done
answers 'local r, box = lunatik._ENV.r, require "api".box("process")
print(pcall(box.rawcall, box, function() return r:resume() end))' \
	"false	/dev/luadrv:2: runtime 't/api/inside' is in use, and who uses it may be waiting for this one" \
	'who holds a lock does not wait for it for ever'
klog_mark
echo 'lunatik._ENV.r:resume()' >/tmp/wait.lua
sh -c "exec cat /tmp/wait.lua >$DRV" & waits=$!
sleep 1
kill -KILL $waits
wait $waits 2>/dev/null
for _ in $(seq 20); do
	! klog_since | grep -q "stopped while waiting" || break
	sleep 0.3
done
like "$(klog_since)" "stopped while waiting for runtime 't/api/inside'" 'who waits for it can be killed'
answers 'lunatik._ENV.r:stop() lunatik._ENV.r, rcu.inside = nil' '' 'it can be stopped'
wait
like "$(cat /tmp/in.out)" '^false	.*stopped$' 'which ends who was inside'

answers 'local api = require "api"
local r <close> = lunatik.runtime("t/api/share")
local box = api.box("process")
print(box:rawcall(function() return r:resume(box) end))' \
	"'mutexbox' object is in use, and who uses it may be waiting for this one" \
	'nor is an object had that who resumes has locked'

# --- what goes nowhere
cat >/lib/modules/lua/t/api/private.lua <<'Y'
return function() return require "api".file(1) end
Y
cat >/lib/modules/lua/t/api/runner.lua <<'Y'
local runner = require "lunatik.runner"
return function() return select(2, pcall(runner.run, "x")), select(2, pcall(runner.stop, "x")) end
Y
cat >/lib/modules/lua/t/api/drop.lua <<'Y'
local held
return function(object)
	while true do
		held, object = object, nil
		collectgarbage()
		object = coroutine.yield()
	end
end
Y
: >/lib/modules/lua/t/api/dropped.lua
answers 'local r <close> = lunatik.runtime("t/api/private") print(pcall(r.resume, r))' \
	"false	'file' object is private to its runtime, it cannot be shared" 'a private object is no result'
answers 'local r <close> = lunatik.runtime("t/api/runner", "softirq")
for _, msg in ipairs {r:resume()} do print(msg) end' 'scripts can be run and stopped only in process context
scripts can be run and stopped only in process context' 'scripts are run where that may sleep'
answers 'lunatik._ENV.s = lunatik.runtime("t/api/drop", "softirq")
lunatik._ENV.s:resume(lunatik.runtime("t/api/dropped"))' '' 'a runtime that nothing but a softirq runtime holds'
is "$(grep -c t/api/dropped /proc/lunatik)" 1 'is there'
lua 'lunatik._ENV.s:resume() lunatik._ENV.s:resume()'
for _ in $(seq 20); do
	grep -q t/api/dropped /proc/lunatik || break
	sleep 0.2
done
is "$(grep -c t/api/dropped /proc/lunatik)" 0 'and is closed elsewhere when that drops it'
lua 'lunatik._ENV.s:stop() lunatik._ENV.s = nil'

cat >/lib/modules/lua/t/api/full.lua <<'Y'
return function()
	local t = {}
	pcall(function() for i = 1, 1 << 30 do t[i] = ("x"):rep(1000 + i) end end)
	pcall(function() for i = #t, 1 << 30 do t[i] = "x" .. i end end)
	error(4711)
end
Y
answers 'local r <close> = lunatik.runtime("t/api/full") print(pcall(r.resume, r))' 'false	4711' \
	'an error that is no string, from a runtime that is full'

# --- with interrupts off no timer can end a script
if [ -n "$REALTIME" ]; then
	skip 'what does not end in a hardirq runtime is ended' "$REALTIME"
	skip 'a loop in C that asks whether it may go on does not, for ever' "$REALTIME"
else
answers 'local names = {lunatik.runtime("t/api/hogs", "hardirq"):resume()}
for _, name in ipairs(names) do
	local r <close> = lunatik.runtime("t/api/hogs", "hardirq")
	local ok, msg = pcall(r.resume, r, name)
	if ok or not msg:find("stopped: more than 100 ms$") then print(name, msg) end
end
print(#names)' 16 'what does not end in a hardirq runtime is ended'

answers 'for _, context in ipairs {"softirq", "hardirq"} do
	local r <close> = lunatik.runtime("t/api/endless", context)
	print(pcall(r.resume, r))
end' 'false	stopped: more than 500 ms
false	stopped: more than 100 ms' 'a loop in C that asks whether it may go on does not, for ever'
fi

# --- what keeps a module
fails 'a module of an object that is shared stays' sh -c '
	echo "local api = require \"api\" lunatik._ENV.box = api.box()" >/dev/luadrv; rmmod api'
answers 'print(lunatik._ENV.box:add(7)) lunatik._ENV.box = nil' 7 'and the object works'
lua 'lunatik._ENV.runtime = lunatik.runtime("t/api/share")'
sleep 0.2
fails 'a module whose metatables a runtime has stays' rmmod api
lua 'lunatik._ENV.runtime:stop() lunatik._ENV.runtime = nil'
ok 'it goes when that is stopped' sh -c 'for i in 1 2 3 4 5 6 7 8 9; do rmmod api 2>/dev/null && exit; sleep 0.5; done; exit 1'
klog_mark
insmod /opt/lunatik-modules/api/api.ko forget=1
ok 'a module that leaves a runtime behind' rmmod api
like "$(klog_since)" "module api did not stop its runtime 't/api/empty', it is stopped now" 'has it stopped, and is named'
works 'a script runs'
cat >/lib/modules/lua/t/api/early.lua <<'Y'
require "early"
Y
rmmod foo
answers 'print(pcall(require, "foo"))' "$(printf '%s' "false	module 'foo' not found:
	no field package.preload['foo']
	no file '/lib/modules/lua/foo.lua'
	no file '/lib/modules/lua/foo/init.lua'
	no loaded kernel module provides 'foo'")" 'a library is gone with its module'

# --- errors of the shell's side
answers 'print(pcall(lunatik.runtime, "t/api/none"))
print(pcall(lunatik.runtime, "t/api/empty", "nmi"))
print(pcall(lunatik.runtime, "../x"))' "false	cannot open /lib/modules/lua/t/api/none.lua: no such file
false	bad argument #2 to 'lunatik.runtime' (invalid option 'nmi')
false	cannot run script '../x': the name must not contain '..'" 'runtimes that cannot be made'
ok 'lunatik run in another runtime' lunatik run t/api/empty "${CONTEXTS##* }"
is "$(lunatik list 2>&1)" 't/api/empty' 'it is there'
ok 'lunatik stop' lunatik stop t/api/empty
rm -r /lib/modules/lua/t
rmmod capi 2>/dev/null
# their release goes from one to the next, each a grace period later
lua 'local t = {}
for i = 1, 30 do t[i] = require("rcu").table(1) if i > 1 then t[i - 1].x = t[i] end end
rcu.root = t[1]'
lua 'rcu.root = nil'
if built_in; then
	skip 'nothing keeps the RCU table loaded' "$BUILT_IN"
else
	ok 'nothing keeps the RCU table loaded' sh -c 'for i in 1 2 3 4 5 6 7 8 9; do
		rmmod luarcu 2>/dev/null && exit; sleep 0.5; done; lsmod; exit 1'
fi
modprobe luarcu
works 'a script runs, still'
finish
