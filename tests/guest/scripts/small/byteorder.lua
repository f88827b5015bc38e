-- SPDX-License-Identifier: MIT OR GPL-2.0-only
local raises = require "t/raises"
local MAX, MIN = math.maxinteger, math.mininteger
local byteorder = require "byteorder"
local values = {0, 1, -1, 0x1234, 0x12345678, 0x123456789abcdef0, MAX, MIN, 0xffff, 0x10000, 0xffffffff, 1 << 32}
local names = {["hton%d"] = ">", ["ntoh%d"] = ">", ["htobe%d"] = ">", ["betoh%d"] = ">", ["be%dtoh"] = ">",
	["htole%d"] = "<", ["letoh%d"] = "<", ["le%dtoh"] = "<"}
local n = 0
for format, order in pairs(names) do
	for _, bits in ipairs {16, 32, 64} do
		local f = byteorder[format:format(bits)]
		local own = (bits == 64 and "j" or "I" .. bits // 8)
		for _, v in ipairs(values) do
			local low = bits == 64 and v or v & (1 << bits) - 1
			assert(f(v) == string.unpack("=" .. own, string.pack(order .. own, low)), format)
			assert(f(f(v)) == low)
			n = n + 1
		end
		raises("number expected, got no value", f)
		raises("number expected, got string", f, "x")
		raises("number expected, got table", f, {})
	end
end
assert(n == 8 * 3 * #values)
local count = 0
for _ in pairs(byteorder) do count = count + 1 end
assert(count == 24)
print "done"
