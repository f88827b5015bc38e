-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- Is Lua in this kernel what it should be? Run by
--
--	lunatik test language
local function raises(pattern, f, ...)
	local ok, message = pcall(f, ...)
	assert(not ok, "no error, where this was due: " .. pattern)
	assert(tostring(message):find(pattern), message)
end

-- integers, and nothing else
assert(7 / 2 == 3 and -7 / 2 == -4 and 2 ^ 10 == 1024)
assert(math.maxinteger + 1 == math.mininteger)
assert(math.mininteger // -1 == math.mininteger)
assert(tonumber("1.5") == nil)
assert(not load("return 1.5") and not load("return 1e3"))
raises("zero", function() return 1 // 0 end)
raises("negative power", function() return 2 ^ -1 end)

-- the libraries
for _, name in ipairs {"coroutine", "debug", "math", "package", "string", "table", "utf8"} do
	assert(type(_G[name]) == "table", name)
end
assert(_G.io == nil and _G.os == nil)
assert(("%5d|%-5s|%x"):format(42, "a", 255) == "   42|a    |ff")
assert(string.unpack("<I4", string.pack("<I4", 0xdeadbeef)) == 0xdeadbeef)
assert(table.concat({1, 2, 3}, ",") == "1,2,3")
assert(utf8.char(0x20ac) == "\u{20ac}")
assert(select("#", ("a b c"):gsub("%a", "x")) == 2)
raises("precompiled", string.dump, raises)

-- coroutines, metatables, variables that are closed
local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end)
assert(co(1) == 2 and co(21) == 42)
local closed
do
	local _ <close> = setmetatable({}, {__close = function() closed = true end})
end
assert(closed)

-- limits
raises("stack overflow", function() local function f() return 1 + f() end return f() end)
raises("not enough memory", function() return ("x"):rep(1 << 30) end)
