-- What an rcu table refuses, and in which words; it is as before after that.
local lib, api, says = require "rcu", require "api", require "t.rcu-lua.says"
local t = lib.table(1)
t.k = 1

-- sizes
for _, size in ipairs {1 << 61, -1, 0, (1 << 20) + 1, math.mininteger, math.maxinteger} do
	says("size of an rcu table must be from 1 to 1048576, not " .. size, lib.table, size)
end
for _, size in ipairs {"x", {}, true, print, t} do
	local what = size == t and "rcu" or type(size)
	says("bad argument #1 to 'rcu.table' (number expected, got " .. what .. ")", lib.table, size)
end

-- keys: whatever is done with them
local function withkey(message, key)
	says(message, function() return t[key] end)
	says(message, function() t[key] = 1 end)
	says(message, function() t[key] = nil end)
	says(message, lib.add, t, key, 1)
	says(message, lib.cas, t, key, nil, 1)
	says(message, lib.swap, t, key, 1)
	says(message, lib.insert, t, key, 1)
	assert(#t == 1)
end
withkey("a key of an rcu table must be a string, not a nil value", nil)
for _, key in ipairs {1, 0, true, false, {}, print, coroutine.create(print), t, api.box()} do
	withkey("a key of an rcu table must be a string, not a " .. type(key) .. " value", key)
end
withkey("a key of an rcu table must not be longer than 1048576 bytes", ("k"):rep((1 << 20) + 1))
local longest = ("k"):rep(1 << 20)
t[longest] = 1
assert(t[longest] == 1 and lib.swap(t, longest, nil) == 1 and #t == 1)

-- values: likewise
local function withvalue(message, value)
	says(message, function() t.k = value end)
	says(message, function() t.new = value end)
	says(message, lib.cas, t, "k", value, 1)
	says(message, lib.cas, t, "k", 1, value)
	says(message, lib.swap, t, "k", value)
	says(message, lib.insert, t, "new", value)
	says(message, lib.insert, t, "k", value)	-- be it there
	assert(t.k == 1 and t.new == nil and #t == 1)
end
for _, value in ipairs {{}, print, function() end, coroutine.create(print), (pairs(t))} do
	withvalue("a value of an rcu table must be a boolean, an integer, a string or a shareable object, not a " ..
		type(value) .. " value", value)
end
withvalue("'box' object is private to its runtime, it cannot be shared", api.box("softirq", "single"))
withvalue("'file' object is private to its runtime, it cannot be shared", api.file(1))
local itself = "an rcu table cannot hold itself, it would never be freed"
says(itself, function() t.k = t end)
says(itself, lib.cas, t, "k", 1, t)
says(itself, lib.swap, t, "k", t)
says(itself, lib.insert, t, "new", t)
says(itself, function() rcu.rcu = rcu end)
says(itself, function() lunatik._ENV.x = lunatik._ENV end)
assert(lib.cas(t, "k", t, 2) == false and t.k == 1)	-- to ask is no harm

-- arguments
local packed = {add = "n", cas = "k1", swap = "1", insert = "1", map = ""}
for name in pairs(packed) do
	local f = lib[name]
	local function bad(got, ...)
		says(("bad argument #1 to 'rcu.%s' (rcu table expected, got %s)"):format(name, got), f, ...)
	end
	bad("no value")
	bad("nil", nil, "k", 1, 1)
	bad("number", 1, "k", 1, 1)
	bad("string", "t", "k", 1, 1)
	bad("table", {}, "k", 1, 1)
	bad("table", lib, "k", 1, 1)
	bad("function", print, "k", 1, 1)
	bad("box", api.box(), "k", 1, 1)
	bad("runtime", lunatik.runtime("t/api/empty"), "k", 1, 1)
end
says("bad argument #3 to 'rcu.add' (number expected, got no value)", lib.add, t, "k")
says("bad argument #3 to 'rcu.add' (number expected, got nil)", lib.add, t, "k", nil)
says("bad argument #3 to 'rcu.add' (number expected, got string)", lib.add, t, "k", "one")
says("bad argument #3 to 'rcu.add' (number expected, got boolean)", lib.add, t, "k", true)
says("bad argument #3 to 'rcu.cas' (value expected)", lib.cas, t, "k")
says("bad argument #4 to 'rcu.cas' (value expected)", lib.cas, t, "k", 1)
says("bad argument #3 to 'rcu.swap' (value expected)", lib.swap, t, "k")
says("bad argument #3 to 'rcu.insert' (value expected, nil is none)", lib.insert, t, "k", nil)
for _, f in ipairs {1, "print", {}, t, true} do
	local what = f == t and "rcu" or type(f)
	says("bad argument #2 to 'rcu.map' (function expected, got " .. what .. ")", lib.map, t, f)
	says("bad argument #1 to '?' (function expected, got " .. what .. ")", rcu.for_each, f)
end
says("bad argument #2 to 'rcu.map' (function expected, got no value)", lib.map, t)
says("bad argument #2 to 'rcu.map' (function expected, got nil)", lib.map, t, nil)
-- none of these says "no value value"
for _, f in ipairs {lib.add, lib.cas, lib.swap, lib.insert, lib.map} do
	for _, args in ipairs {{}, {t}, {t, "k"}, {t, nil}, {t, "k", nil}, {t, "k", 1}} do
		local ok, message = pcall(f, table.unpack(args))
		assert(ok or not message:find("no value value"), message)
	end
end

-- what is for tables of Lua
for _, name in ipairs {"next", "rawget", "rawset", "rawlen", "setmetatable"} do
	local ok, message = pcall(_G[name], t, "k", 1)
	assert(not ok and message:find("expected, got rcu"), message)
end
for _, f in ipairs {ipairs(t), table.insert, table.concat, table.unpack, table.remove} do
	assert(not pcall(f, t, 1, 1))
end
assert(not pcall(function() local _ <close> = t end) and not pcall(function() return t() end))
assert(not pcall(function() return t + 1 end) and not pcall(function() return t < t end))
assert(getmetatable(t) == false and debug.getmetatable(t) == nil)
assert(debug.getuservalue(t) == nil and not pcall(debug.setuservalue, t, 1) or
	debug.getuservalue(t) == nil)
assert(t.k == 1 and #t == 1)
print "done"
