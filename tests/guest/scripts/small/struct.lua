-- SPDX-License-Identifier: MIT OR GPL-2.0-only
local raises = require "t/raises"
local MAX, MIN = math.maxinteger, math.mininteger
local struct = require "struct"
local h = struct {">", {"source", "I2"}, {"port", "I2"}, {"sequence", "i4"}}
assert(h.size == 8 and h:fieldsize("port") == 2 and h:fieldsize("sequence") == 4)
local s = h:pack {source = 1, port = 80, sequence = -2, other = 5}
assert(s == "\0\1\0\80\xff\xff\xff\xfe")
local t, position = h:unpack(s)
assert(t.source == 1 and t.port == 80 and t.sequence == -2 and position == 9)
t, position = h:unpack("xx" .. s .. "y", 3)
assert(t.port == 80 and position == 11)
-- orders, padding, texts
local m = struct {"<", {"a", "I2"}, ">", {"b", "I2"}, "=", {"c", "c3"}}
assert(m:pack {a = 1, b = 1, c = "xy"} == "\1\0\0\1xy\0" and m.size == 7)
local p = struct {"!8", {"a", "B"}, {"b", "j"}, {"c", "B"}}
assert(p.size == 17 and p:fieldsize("b") == 8)
local packed = p:pack {a = 1, b = -1, c = 2}
assert(packed == "\1" .. ("\0"):rep(7) .. ("\xff"):rep(8) .. "\2" and p:unpack(packed).c == 2)
assert(struct {}.size == 0 and struct {}:pack {} == "")
local d = require "data".new(8)
d:setstring(0, s)
assert(h:unpack(d).port == 80, "a data object")

raises("field 'port' is missing", h.pack, h, {source = 1, sequence = 2})
raises("field 'port': ", h.pack, h, {source = 1, port = 65536, sequence = 2})
raises("field 'port': ", h.pack, h, {source = 1, port = -1, sequence = 2})
raises("number expected", h.pack, h, {source = 1, port = {}, sequence = 2})
raises("table expected, got nil", h.pack, h)
raises("8 bytes wanted at position 1 of 7", h.unpack, h, s:sub(2))
raises("8 bytes wanted at position 2 of 8", h.unpack, h, s, 2)
for _, at in ipairs {10, MAX, 1 << 32} do raises("8 bytes wanted at position", h.unpack, h, s, at) end
for _, at in ipairs {0, -1, MIN, "x"} do raises("a position from 1 on", h.unpack, h, s, at) end
raises("string or data expected, got nil", h.unpack, h)
raises("no field 'x'", h.fieldsize, h, "x")
raises("no field 'nil'", h.fieldsize, h)
raises("table expected, got nil", struct)
raises("two fields 'a'", struct, {{"a", "B"}, {"a", "B"}})
for _, format in ipairs {"s", "z", "s4", "x", "<B", "BB", "c", "", "!", "X", "I2 ", "d"} do
	raises("none of fixed size", struct, {{"a", format}})
end
raises("field 'a' has the format 'I17'", struct, {{"a", "I17"}})
raises("field 'a' has the format 'c9999999999'", struct, {{"a", "c9999999999"}})
local huge = {}
for i = 1, 20 do huge[i] = {"f" .. i, "c200000000"} end
raises("field 'f11' has the format 'c200000000'", struct, huge)
for _, entry in ipairs {{1}, {{}}, {{"a"}}, {{1, "B"}}, {true}, {{"a", 4}}} do
	raises("entry 1 is no field", struct, entry)
end
raises("entry 1 is 'z'", struct, {"z"})
print "done"
