-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- A number is a 64-bit integer.
local function raises(pattern, f, ...)
	local ok, message = pcall(f, ...)
	assert(not ok, "did not raise, wanted: " .. pattern)
	assert(tostring(message):find(pattern), message)
end
local min, max = math.mininteger, math.maxinteger

assert(_VERSION == "Lua 5.4-kernel")
assert(_LUNATIK_VERSION:find("^Lunatik %d"))
assert(7 / 2 == 3 and -7 / 2 == -4 and 7 // 2 == 3 and tostring(7 / 2) == "3")
assert(-7 % 3 == 2 and 7 % -3 == -2 and -7 // 2 == -4)
assert(2 ^ 10 == 1024 and 0 ^ 0 == 1 and (-2) ^ 63 == min and 3 ^ 64 == 3 ^ 32 * 3 ^ 32)
assert(min // -1 == min and min % -1 == 0 and min / -1 == min and -min == min)
assert(max + 1 == min and 1 << 63 == min and 1 << 64 == 0 and 1 << -1 == 0)
assert(1 >> 64 == 0 and 1 >> min == 0 and 1 << max == 0 and ~0 == -1)
for _, op in ipairs {"/", "//", "%"} do
	local f = load("local a, b = ... return a " .. op .. " b")
	local zero = op == "%" and "'n%%+0'" or "divide by zero"
	raises(zero, f, 1, 0)
	raises(zero, f, min, 0)
	raises(zero, load("return 1 " .. op .. " 0"))	-- not while it is compiled
end
raises("negative power", load("return 2 ^ -1"))
raises("negative power", load("local a, b = ... return a ^ b"), 2, -1)
-- the line of an error in arithmetic
local _, message = pcall(load("local a, b = ...\nlocal c = a + b\n\nreturn a / b", "=c"), 1, 0)
assert(message:find("^c:4:"), message)
_, message = pcall(load("local a, b = ...\nlocal c = a + b\n\nreturn a ^ b", "=c"), 1, -1)
assert(message:find("^c:4:"), message)

for _, literal in ipairs {"1.5", ".5", "3.", "1e3", "0x1p4", "0x.8", "1E-2"} do
	local f, why = load("return " .. literal, "=c")
	assert(not f and why:find("integers") and why:find(literal, 1, true), literal .. ": " .. tostring(why))
end
local f, why = load("return 9223372036854775808", "=c")
assert(not f and why:find("out of range"), why)
assert(load("return 9223372036854775807")() == max and 0xffffffffffffffff == -1)
assert(not load("return 12ab") and not load("return 0x"))
assert(tonumber("1.5") == nil and tonumber("1e3") == nil and tonumber("0x10") == 16)
assert(tonumber(" 12 ") == 12 and tonumber("zz", 36) == 1295 and tonumber("") == nil)
assert("10" + 5 == 15 and 10 .. "" == "10")
raises("attempt to add", load("return '1.5' + 1"))

assert(math.type(3) == "integer" and math.type("3") == nil and math.tointeger(3) == 3)
assert(math.abs(-3) == 3 and math.abs(min) == min and math.floor(3) == 3 and math.ceil(-3) == -3)
assert(math.max(1, 3, 2) == 3 and math.min(1, -3, 2) == -3 and math.ult(1, -1))
assert(math.fmod(-7, 3) == -1 and math.fmod(min, -1) == 0)
raises("zero", math.fmod, 1, 0)
assert(not math.sin and not math.pi and not math.huge and not math.sqrt)
raises("fraction", math.random)
raises("empty", math.random, 2, 1)
for _ = 1, 1000 do
	local n = math.random(-3, 3)
	assert(n >= -3 and n <= 3)
	assert(math.random(1) == 1)
end
assert(math.random(min, max) and math.random(0))
math.randomseed(42)
local a, b = math.random(1000000), math.random(1000000)
math.randomseed(42)
assert(a == math.random(1000000) and b == math.random(1000000))

assert(string.format("%5d|%-5d|%05d|%+d|%x|%X|%o|%#x", 42, 42, 42, 42, 255, 255, 8, 255)
	== "   42|42   |00042|+42|ff|FF|10|0xff")
assert(string.format("%5s|%-5s|%.2s|%q|%c|%i|%%", "ab", "ab", "abc", "a\n\0b", 65, 7)
	== '   ab|ab   |ab|"a\\\n\\0b"|A|7|%')
assert(string.format("%q", min) == "0x8000000000000000")
assert(string.format("%d", "10") == "10" and string.format("%20.10d", -5) == "         -0000000005")
for _, float in ipairs {"%f", "%g", "%e", "%a", "%.3f", "%99.99f"} do
	raises("floating", string.format, float, 1)
end
raises("invalid conversion", string.format, "%y", 1)
raises("invalid", string.format, "%123d", 1)
assert(string.pack("<i4", 1) == "\1\0\0\0" and string.unpack("<i8", string.pack("<i8", min)) == min)
raises("floating", string.pack, "f", 1)
raises("floating", string.pack, "d", 1)
raises("floating", string.unpack, "d", ("x"):rep(8))
assert(string.packsize("f") == 4 and string.packsize("d") == 8)
for i = 3, 1, -1 do assert(i) end
raises("zero", load("for i = 1, 2, 0 do end"))
local n = 0
for _ = max - 1, max do n = n + 1 end
assert(n == 2)
assert(#tostring(print) > 10 and collectgarbage("count") > 1000)
print("done")
