-- The C API seen from a script: api.ko, foo.ko. In a process runtime.
local api = require "api"

local function raises(pattern, f, ...)
	local ok, msg = pcall(f, ...)
	assert(not ok, "no error, but one that says: " .. pattern)
	assert(tostring(msg):find(pattern, 1, true), tostring(msg) .. "\nis not: " .. pattern)
end

-- methods know what they are called with
for _, kind in ipairs {"softirq", "hardirq", "process"} do
	local box = api.box(kind)
	local add = box.add
	assert(box:add() == 1 and add(box, 9) == 10 and #box == 10)
	raises("box expected, got no value", add)
	raises("expected, got number", add, 1)
	raises("expected, got file", add, api.file(1))
	raises("box expected, got", add, api.box(kind == "process" and "hardirq" or "process"))
	raises("expected, got number", getmetatable and add, 5)
	assert(box .. "x" == "box..x" and "x" .. box == "x..box" and box .. box == "box..box")
	assert(getmetatable(box) == false)
	raises("userdata keeps its metatable", debug.setmetatable, box, {})
end

-- a monitor holds the object's lock, and only then may a method not sleep
for kind, sleeps in pairs {softirq = false, hardirq = false, process = true} do
	local box = api.box(kind)
	local locked, maysleep = box:locked()
	assert(locked == true and maysleep == sleeps, kind)
	assert(box:maysleep() == sleeps)
	local single = api.box(kind, "single")
	assert(single:locked() == false and single:maysleep() == true)
end
assert(api.box("plain"):locked() == false)

-- whatever is raised inside, the lock is let go
for _, kind in ipairs {"softirq", "hardirq", "process"} do
	local box = api.box(kind)
	raises("EIO", box.raise, box)
	raises("ENOENT", box.raise, box, 2)
	raises("here", box.call, box, function() error("here") end)
	raises("here", box.rawcall, box, function() error("here") end)
	raises("", box.rawcall, box, function() error() end)
	raises("attempt to yield across a C-call boundary", coroutine.wrap(function()
		box:yield(1)
	end))
	raises("attempt to yield across a C-call boundary", coroutine.wrap(function()
		box:rawcall(coroutine.yield, 1)
	end))
	raises("not enough memory", box.rawcall, box, string.rep, "x", 1 << 30)
	raises("C stack overflow", box.rawcall, box, function()
		local function f() return (string.gsub("x", "x", f)) end
		return f()
	end)
	local handled
	assert(not xpcall(box.raise, function(msg) handled = msg end, box))
	assert(handled == "EIO")
	assert(box:add(5) == 5, "the box works")
	-- the same object again, from inside
	assert(box:rawcall(function() return box:add(2) end) == 7)
	assert(box:rawcall(function() return box:rawcall(function() return box:add() end) end) == 8)
	assert(select("#", box:rawcall(function() return nil, false, nil end)) == 3)
	raises("two at once", box.call, box, function() box:call(print) end)
	-- a coroutine inside, and one that is resumed from inside and outside
	local co = coroutine.create(function() for i = 1, 10 do coroutine.yield(i) end end)
	for i = 1, 4 do
		assert(select(2, box:rawcall(coroutine.resume, co)) == 2 * i - 1)
		assert(select(2, coroutine.resume(co)) == 2 * i)
	end
	-- garbage is collected when the lock was let go, not before
	local gone = 0
	box:rawcall(function()
		for i = 1, 10 do setmetatable({}, {__gc = function() gone = gone + 1 end}) end
		collectgarbage()
		assert(gone == 0)
	end)
	collectgarbage()
	assert(gone == 10)
	-- hooks are as they were
	local lines = 0
	debug.sethook(function() lines = lines + 1 end, "l")
	box:rawcall(function() local x = 1
		local y = 2 end)
	local n = lines
	local z = 1
	debug.sethook()
	assert(n > 2 and lines > n, n .. " " .. lines)
end

-- what sleeps cannot be used under a spinlock
raises("'mutexbox' is a class of process context, it cannot be used inside a method that holds a spinlock",
	function() local m = api.box("process") api.box("softirq"):rawcall(m.add, m) end)
local realtime = #require "t.contexts" < 3	-- PREEMPT_RT turns no interrupts off
if not realtime then
	raises("'box' is a class of softirq context, it cannot be used inside a method that holds a spinlock",
		function() local m = api.box("softirq") api.box("hardirq"):rawcall(m.add, m) end)
end
raises("'half' is a class of process context", function() api.box("softirq"):rawcall(api.half) end)
raises("only in process context", function() api.box("softirq"):rawcall(lunatik.runtime, "t/api/empty") end)
raises("only in process context", function() api.box("softirq"):rawcall(loadfile, "t/api/empty.lua") end)
assert(api.box("softirq"):rawcall(function() return api.box("hardirq"):add(3) end) == 3)
assert(api.box("process"):rawcall(function() return api.box("softirq"):add(3) end) == 3)

-- a script cannot get past the dispatcher
for i = 1, 4 do
	local _, up = debug.getupvalue(api.box().add, i)
	assert(type(up) ~= "function")
end

raises("userdata keeps its metatable", debug.setmetatable, debug.upvalueid(raises, 1) or rcu, {})
if not realtime then
	raises("no hook can be set while interrupts are off", function()
		api.box("hardirq"):rawcall(debug.sethook)
	end)
end
local co = coroutine.create(function() coroutine.yield() end)
coroutine.resume(co)
raises("is for functions of the running coroutine", debug.getinfo, co, 1, "L")
assert(debug.getinfo(1, "L").activelines and debug.getinfo(co, 1, "S"))
-- a method that takes its object off the stack, where it was alone
api.box("hardirq"):alone(function() collectgarbage() collectgarbage() end)
api.box("process"):alone(function() pcall(string.rep, "x", 1 << 30) end)

-- half-built, closed, wrong
local before = api.released()
raises("ENODEV", api.half)
collectgarbage()
local after, wrongly = api.released()
assert(after > before and wrongly == 0)
local file = api.file(5)
assert(file:get() == 5)
file:set(13)
raises("unlucky", file.get, file)
file = api.file(7)
file:close()
raises("object is closed", file.get, file)
raises("object is closed", file.set, file, 1)
file:close()
do local f <close> = api.file(3) file = f end
raises("object is closed", file.get, file)
raises("it cannot be shared", function() rcu.file = api.file(1) end)
raises("it cannot be shared", function() lunatik._ENV.file = api.file(1) end)
raises("it cannot be shared", function() rcu.box = api.box("softirq", "single") end)
assert(api.checkobject(rcu) and api.checkobject(api.file(1)))
raises("lunatik object expected, got table", api.checkobject, {})
raises("lunatik object expected, got no value", api.checkobject)
raises("lunatik object expected, got FILE*", api.checkobject, setmetatable({}, {__name = "FILE*"}))

assert(api.isbox(api.box()) == true)
raises("box expected, got irqbox", api.isbox, api.box("hardirq"))
raises("box expected, got table", api.isbox, {})
local box = api.box()
box:add(4)
local again = api.again(box)
assert(again ~= box and again:add() == 5 and #box == 5)
raises("it cannot be shared", api.again, api.box("softirq", "single"))
assert(api.gfp() == "kernel" and api.box("process"):rawcall(api.gfp) == "kernel")
assert(api.box("softirq"):rawcall(api.gfp) == "atomic" and api.gfp() == "kernel")
assert(api_global == 4711)

-- the registry
local calls = {}
local hook = api.hook {hook = function(packet) calls[#calls + 1] = #packet return packet end}
collectgarbage() collectgarbage()
hook:fire()
local packet = hook:fire()
assert(calls[1] == 42 and calls[2] == 43 and #packet == 43)
raises("no packet today", hook.reattach, hook, true)
assert(#hook:fire() == 44)
hook:reattach()
assert(#hook:fire() == 101)
hook:below()
assert(#hook:fire() == 201)
raises("the object to be kept is not on the stack", hook.absent, hook, {})
raises("object is closed", hook.closed, hook, {})
assert(#hook:fire() == 202)
assert(api.box().nothing == false)
hook:stop()
raises("no options", hook.fire, hook)
hook:stop()
hook = nil
packet = nil
api.hook {hook = print}		-- never stopped: the runtime's end has to do
raises("table expected", api.hook, 1)
for i = 1, 100 do api.hook({}):stop() end

-- fields
local function fields(t) return {api.fields(t)} end
local f = fields {pf = 2, hooknum = 3, mark = 0xffffffff, wide = math.mininteger, name = "eth0", text = "longer"}
assert(f[1] == 2 and f[2] == 3 and f[3] == 0xffffffff and f[4] == math.mininteger)
assert(f[5] == "eth0\0\0\0\0" and f[6] == "lon\0")
f = fields {pf = -1, hooknum = 255, name = "123456789", text = ""}
assert(f[1] == -1 and f[2] == 255 and f[3] == 7 and f[4] == -1 and f[5] == "1234567\0" and f[6] == "\0\0\0\0")
assert(api.shortname {name = "abcdef"} == "abc")
raises("field 'pf' must be an integer, not missing", api.fields, {})
raises("field 'pf' must be an integer, not a string value", api.fields, {pf = "2"})
raises("field 'pf' is out of range: 2147483648", api.fields, {pf = 1 << 31})
raises("field 'hooknum' is out of range: 256", api.fields, {pf = 1, hooknum = 256})
raises("field 'hooknum' is out of range: -1", api.fields, {pf = 1, hooknum = -1})
raises("field 'mark' must be an integer, not a boolean value", api.fields, {pf = 1, hooknum = 1, mark = true})
raises("field 'name' must be a string, not missing", api.fields, {pf = 1, hooknum = 1})
raises("field 'name' must be a string, not a number value", api.fields, {pf = 1, hooknum = 1, name = 1})
raises("table expected", api.fields, 1)
-- a field may come from a metamethod
assert(fields(setmetatable({}, {__index = function(_, k)
	return (k == "name" or k == "text") and k or 1
end}))[5] == "name\0\0\0\0")

-- errors
assert(pcall(api.try, 0) and pcall(api.try, 5))
raises("ENOMEM", api.try, -12)
raises("EINVAL", api.try, -22)
local last, evaluated = api.tryret(7)
assert(last == 7 and evaluated == 1 and api.tryret() == 7)
raises("ENXIO", api.tryret, -6)
assert(api.tryret() == -6)
for errno, name in pairs {[1] = "EPERM", [2] = "ENOENT", [11] = "EAGAIN", [12] = "ENOMEM", [16] = "EBUSY",
	[22] = "EINVAL", [28] = "ENOSPC", [110] = "ETIMEDOUT", [125] = "ECANCELED"} do
	local ok, msg = pcall(api.throw, -errno)
	assert(not ok and msg == name, msg)
end
raises("unknown error -99999", api.throw, -99999)
raises("unknown error 0", api.throw, 0)
raises("unknown error 5", api.throw, 5)

-- runtimes and memory
assert(api.only "process")
raises("this is a process runtime, but a softirq runtime is needed", api.only, "softirq")
raises("this is a process runtime, but a hardirq runtime is needed", api.only, "hardirq")
assert(api.isready() == false)
assert(api.memory(100) == true and api.memory(0) == true and api.memory(1 << 16) == true)
assert(api.memory(1 << 40) == nil and api.memory(-1) == nil)
assert(api.memory(30 << 20) == nil, "over what one piece can have")
assert(api.require("api") == 0 and api.require("lunatik.runner") == 0)
raises("module 'nosuch' not found", api.require, "nosuch")
package.loaded.api = nil
_G.require = nil
assert(api.require("api") == 0 and package.loaded.api)
print "all of it"
