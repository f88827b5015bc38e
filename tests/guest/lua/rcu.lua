-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- The RCU table, seen by one script.
local lib = require "rcu"
local function raises(pattern, f, ...)
	local ok, message = pcall(f, ...)
	assert(not ok, "did not raise, wanted: " .. pattern)
	assert(tostring(message):find(pattern), message)
end

-- the form of 2018
rcu["somekey"] = 1
assert(rcu.somekey == 1)
rcu.somekey = "another"
assert(rcu.somekey == "another")
rcu.somekey = nil
assert(rcu.somekey == nil)
rcu.x = true
local seen
rcu.for_each(function(key, value) if key == "x" then seen = value end end)
assert(seen == true)
rcu.x = nil
raises("function expected", rcu.for_each, 1)

-- 2,000 keys
local t = lib.table()
for i = 1, 2000 do t["key" .. i] = i * 3 end
for i = 1, 2000 do assert(t["key" .. i] == i * 3) end
assert(#t == 2000)
for i = 1, 2000, 2 do t["key" .. i] = nil end
for i = 1, 2000 do assert(t["key" .. i] == (i % 2 == 0 and i * 3 or nil)) end
assert(#t == 1000)

-- keys are bytes
t = lib.table(1)	-- all in one bucket
local keys = {"", "a", "ab", "abc", "\0", "\0\0", "a\0", "a\0b", "a\0c", "\0a", "\xff", "abc "}
for n = 990, 1000 do keys[#keys + 1] = ("k"):rep(n) end
keys[#keys + 1] = ("k"):rep(999) .. "l"
for n = 38, 42 do keys[#keys + 1] = ("s"):rep(n) end	-- where Lua's strings change kind
keys[#keys + 1] = ("z"):rep(100000)
for i, key in ipairs(keys) do t[key] = i end
assert(#t == #keys)
for i, key in ipairs(keys) do assert(t[key] == i, i) end
local n = 0
lib.map(t, function(key, value) assert(keys[value] == key) n = n + 1 end)
assert(n == #keys)
for i, key in ipairs(keys) do t[key] = nil assert(t[key] == nil and #t == #keys - i) end

-- values
local values = {true, false, 0, -1, math.maxinteger, math.mininteger, "", "x", "a\0b", ("v"):rep(127),
	("v"):rep(128), ("v"):rep(129), ("v"):rep(1000), ("w"):rep(1000000)}
for i, value in ipairs(values) do
	t.v = value
	assert(t.v == value and math.type(t.v) == math.type(value), i)
	t["v" .. i] = value
end
for i, value in ipairs(values) do assert(t["v" .. i] == value) end
t.inner = lib.table()
t.inner.x = 1
assert(t.inner.x == 1)
t.inner = nil
raises("cannot hold itself", function() t.self = t end)
raises("cannot hold itself", function() rcu.self = rcu end)
raises("not be longer than", function() t[("k"):rep((1 << 20) + 1)] = 1 end)

-- what is refused
for _, key in ipairs {1, true, {}, print} do
	raises("must be a string, not a " .. type(key) .. " value", function() t[key] = 1 end)
	raises("must be a string, not a " .. type(key) .. " value", function() return t[key] end)
end
raises("nil value", function() t[nil] = 1 end)
for _, value in ipairs {{}, print, coroutine.create(print)} do
	raises("must be a boolean, an integer, a string or a shareable object, not a " .. type(value),
		function() t.x = value end)
end
assert(t.x == nil)
for _, size in ipairs {0, -1, 1 << 61, math.mininteger, (1 << 20) + 1} do
	raises("size of an rcu table must be from 1 to 1048576", lib.table, size)
end
raises("number expected", lib.table, "x")
assert(lib.table(1 << 20))
raises("rcu table expected, got table", lib.map, {}, print)
raises("function expected", lib.map, t)
raises("boom", lib.map, t, function() error("boom") end)

-- a callback may do what it likes
t = lib.table(8)
for i = 1, 500 do t["k" .. i] = i end
n = 0
lib.map(t, function(key) n = n + 1 t[key] = nil end)
assert(n == 500 and #t == 0)
for i = 1, 100 do t["k" .. i] = i end
local counts = {}
lib.map(t, function(key) counts[key] = (counts[key] or 0) + 1 t["new" .. key] = 1 t[key] = 2 end)
for i = 1, 100 do assert(counts["k" .. i] == 1) end

-- an object is closed by the collector alone, also while a callback runs
assert(getmetatable(t) == false and debug.getmetatable(t) == nil)
raises("keeps its metatable", debug.setmetatable, t, nil)
raises("keeps its metatable", debug.setmetatable, t, {})
lib.map(lib.table(), print)
do
	local u = lib.table(1)
	u.a, u.b = 1, 2
	local key = next({a = 1})
	n = 0
	lib.map(u, function()
		u = nil
		for i = 1, 10 do
			assert(debug.getlocal(2, i) == nil and debug.setlocal(2, i, nil) == nil)
		end
		collectgarbage()
		n = n + 1
	end)
	assert(n == 2)
end
-- nor when the state is closed
kept = lib.table()
kept.x = 1
setmetatable({}, {__gc = function() return kept.x end})
print("done")
