-- SPDX-License-Identifier: MIT OR GPL-2.0-only
local data = require "data"
local raises = require "t/raises"
local MAX, MIN = math.maxinteger, math.mininteger
-- zeroed, of the size asked for
local d = data.new(64)
assert(#d == 64 and tostring(d) == ("\0"):rep(64) and d:getstring(0) == tostring(d))
assert(#data.new(0) == 0 and tostring(data.new(0)) == "" and #data.new(1 << 20) == 1 << 20)
for _, size in ipairs {-1, MIN, MAX, (1 << 20) + 1, 1 << 32} do
	raises("size of data must be from 0 to 1048576, not " .. size, data.new, size)
end
raises("number expected, got nil", data.new, nil)
raises("number expected, got no value", data.new)
raises("invalid option 'mine'", data.new, 8, "mine")

-- integers: each at each offset, and what does not fit loses its upper bits
local ints = {byte = {1}, int8 = {1, true}, uint8 = {1}, int16 = {2, true}, uint16 = {2},
	int32 = {4, true}, uint32 = {4}, int64 = {8, true}, number = {8, true}}
local values = {0, 1, -1, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
	0xffffffff, -0x80000000, 1 << 32, MAX, MIN, 0x0123456789abcdef}
for name, int in pairs(ints) do
	local size, signed = int[1], int[2]
	local get, set = d["get" .. name], d["set" .. name]
	local format = (signed and "i" or "I") .. size
	for offset = 0, 64 - size do
		for _, v in ipairs(values) do
			set(d, offset, v)
			local low = size == 8 and v or v & ((1 << size * 8) - 1)
			if signed and size < 8 and low >> size * 8 - 1 == 1 then low = low - (1 << size * 8) end
			assert(get(d, offset) == low, name)
			assert(string.unpack(format, d:getstring(offset, size)) == low, name)
		end
		set(d, offset, 0)
	end
	assert(tostring(d) == ("\0"):rep(64), name)
	for _, offset in ipairs {-1, 65 - size, 64, 65, MAX, MIN, MAX - size, MAX - size + 1, 1 << 32, -size} do
		local wanted = ("out of bounds: %d bytes at offset %d of 64"):format(size, offset)
		raises(wanted, get, d, offset)
		raises(wanted, set, d, offset, 1)
	end
	raises("number expected, got no value", get, d)
	raises("number expected, got table", set, d, 0, {})
	raises("number expected, got nil", set, d, 0, nil)
	raises("data expected, got table", get, {}, 0)
end

-- strings
d:setstring(10, "hello\0world")
assert(d:getstring(10, 11) == "hello\0world" and d:getbyte(10) == 104 and d:getstring(64) == "")
assert(d:getstring(60) == "\0\0\0\0" and d:getstring(64, 0) == "" and #d:getstring(1, 63) == 63)
d:setstring(64, "")
for _, range in ipairs {{-1, 1}, {0, 65}, {1, 64}, {64, 1}, {65, 0}, {MAX, 1}, {MAX, MAX}, {1, MAX},
		{MIN, 0}, {MIN, MAX}, {63, 2}, {0, 1 << 32}, {0, (1 << 20) + 1}} do
	raises("out of bounds", d.getstring, d, range[1], range[2])
	raises("out of bounds", d.checksum, d, range[1], range[2])
end
raises("length must not be negative", d.getstring, d, 0, -1)
raises("length must not be negative", d.getstring, d, 0, MIN)
raises("length must not be negative", d.checksum, d, 0, -1)
raises("out of bounds", d.getstring, d, 65)
raises("out of bounds", d.getstring, d, -1)
local before = tostring(d)
raises("out of bounds", d.setstring, d, 60, "12345")
raises("out of bounds", d.setstring, d, -1, "1")
raises("out of bounds", d.setstring, d, MAX, "12")
raises("out of bounds", d.setstring, d, MIN, "")
raises("string expected, got table", d.setstring, d, 0, {})
assert(tostring(d) == before, "nothing of it is written if it does not fit")

-- long ones, which go in pieces
local text = {}
for i = 1, 30000 do text[i] = ("%08d"):format(i) end
text = table.concat(text)
local long = data.new(#text + 3)
long:setstring(3, text)
assert(long:getstring(3) == text and #tostring(long) == #text + 3)

-- the checksum of the Internet
local function checksum(s)
	local sum = 0
	if #s % 2 == 1 then s = s .. "\0" end
	for i = 1, #s, 2 do sum = sum + (">I2"):unpack(s, i) end
	while sum > 0xffff do sum = (sum & 0xffff) + (sum >> 16) end
	return ~sum & 0xffff
end
for _, s in ipairs {"", "a", "ab", "abc", text, text:sub(2), ("\xff"):rep(70001)} do
	local c = data.new(#s + 1)
	c:setstring(1, s)
	local r = data.new(2)
	r:setuint16(0, c:checksum(1))
	assert((">I2"):unpack(tostring(r)) == checksum(s), #s)
	assert(c:checksum(1, #s) == c:checksum(1))
end
-- the header of RFC 1071's readers: with its checksum in place it sums up to nothing
local ip = data.new(20)
ip:setstring(0, "\x45\0\0\x73\0\0\x40\0\x40\x11\0\0\xc0\xa8\0\1\xc0\xa8\0\xc7")
ip:setuint16(10, ip:checksum())
assert(ip:getbyte(10) == 0xb8 and ip:getbyte(11) == 0x61 and ip:checksum() == 0)

-- another size
local r = data.new(4)
r:setstring(0, "abcd")
r:resize(8)
assert(tostring(r) == "abcd\0\0\0\0")
r:resize(2)
assert(tostring(r) == "ab" and #r == 2)
raises("out of bounds", r.getbyte, r, 2)
r:resize(4)
assert(tostring(r) == "ab\0\0", "what comes back is zero")
r:resize(0)
assert(tostring(r) == "" and not pcall(r.getbyte, r, 0))
r:resize(100000)
assert(tostring(r) == ("\0"):rep(100000))
for _, size in ipairs {-1, MIN, MAX, (1 << 20) + 1} do
	raises("size of data must be", r.resize, r, size)
end
assert(#r == 100000)

-- not an array, not a table
raises("attempt to index", function() d.x = 1 end)
raises("table expected", setmetatable, d, {})
assert(getmetatable(d) == false and d.x == nil)

-- one for this runtime alone
local single = data.new(8, "single")
single:setnumber(0, MIN)
assert(single:getnumber(0) == MIN)
raises("private to its runtime", function() rcu.single = single end)
local shared = data.new(8, "shared")
shared:setnumber(0, 5)
rcu.shared = shared
assert(rcu.shared:getnumber(0) == 5)
rcu.shared:setnumber(0, 6)
assert(shared:getnumber(0) == 6)
rcu.shared = nil

-- more of it than there may be: the collector gives back what nobody has
for i = 1, 3000 do data.new(1 << 20) end
local many = {}
raises("ENOMEM", function() for i = 1, 100000 do many[i] = data.new(1 << 20) end end)
assert(#many > 10)
for i = 1, #many do many[i] = nil end
collectgarbage()
assert(#data.new(1 << 20) == 1 << 20)

-- a finalizer in the middle changes the size of what is read
local victim = data.new(1 << 16)
for i = 1, 200 do
	setmetatable({}, {__gc = function() victim:resize(#victim == 0 and 1 << 16 or 0) end})
	pcall(tostring, victim)
	pcall(victim.getstring, victim, 0, 1 << 16)
	if i % 20 == 0 then collectgarbage() end
end
print "done"
