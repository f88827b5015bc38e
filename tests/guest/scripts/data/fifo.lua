-- SPDX-License-Identifier: MIT OR GPL-2.0-only
local fifo = require "fifo"
local raises = require "t/raises"
local MAX, MIN = math.maxinteger, math.mininteger
for _, size in ipairs {0, -1, MIN, MAX, (1 << 20) + 1} do
	raises("size of a fifo must be from 1 to 1048576 bytes, not " .. size, fifo.new, size)
end
raises("number expected, got no value", fifo.new)
fifo.new(1 << 20):push(("x"):rep(1 << 20))

-- bytes in their order, as many as there are
local q = fifo.new(16)
local s, n = q:pop(10)
assert(s == "" and n == 0)
q:push("abc")
q:push("")
q:push("def\0")
s, n = q:pop(4)
assert(s == "abcd" and n == 4)
s, n = q:pop(MAX)
assert(s == "ef\0" and n == 3)
assert(q:pop(0) == "" and select(2, q:pop(1)) == 0)
raises("must not be negative", q.pop, q, -1)
raises("must not be negative", q.pop, q, MIN)
raises("number expected, got no value", q.pop, q)
raises("string expected, got no value", q.push, q)
raises("string expected, got table", q.push, q, {})

-- what does not fit is not put in
q:push(("x"):rep(16))
raises("room for 0 bytes, not for 1", q.push, q, "y")
assert(q:pop(3) == "xxx")
raises("room for 3 bytes, not for 4", q.push, q, "yyyy")
q:push("yyy")
assert(q:pop(100) == ("x"):rep(13) .. "yyy")
raises("room for 16 bytes, not for 1048576", q.push, q, ("z"):rep(1 << 20))
-- room for the next power of two
local odd = fifo.new(17)
odd:push(("x"):rep(32))
raises("room for 0", odd.push, odd, "x")

-- around its end, at each place, in long pieces and short ones
local ring, model = fifo.new(256), ""
for i = 1, 2000 do
	local piece = ("%d."):format(i):rep(i % 40)
	if #model + #piece <= 256 then
		ring:push(piece)
		model = model .. piece
	else
		raises("room for " .. 256 - #model, ring.push, ring, piece)
	end
	local k = i * 7 % 120
	local got, len = ring:pop(k)
	assert(got == model:sub(1, k) and len == #got, i)
	model = model:sub(k + 1)
end

-- records: whole, or not at all
local r = fifo.new(64)
assert(r:poprecord() == nil)
r:pushrecord("one")
r:pushrecord("")
r:pushrecord(("x"):rep(13) .. "\0")
raises("room for 23 bytes, not for 24", r.pushrecord, r, ("y"):rep(16))
assert(r:poprecord() == "one" and r:poprecord() == "" and r:poprecord() == ("x"):rep(13) .. "\0")
assert(r:poprecord() == nil)
r:pushrecord(("z"):rep(56))
assert(r:poprecord() == ("z"):rep(56))
raises("room for 64 bytes, not for 65", r.pushrecord, r, ("z"):rep(57))
r:push(string.pack("s", "packed"))
assert(r:poprecord() == "packed")
r:pushrecord("packed")
assert(string.unpack("s", (r:pop(64))) == "packed")
-- what is no record
for _, junk in ipairs {"x", ("\xff"):rep(8), ("\xff"):rep(8) .. "abc", string.pack("T", 4) .. "abc",
		string.pack("j", MIN) .. ("x"):rep(40), "\xf8" .. ("\xff"):rep(7) .. ("x"):rep(40)} do
	r:push(junk)
	raises("no whole record", r.poprecord, r)
	assert(r:pop(100) == junk, "which is still there")
end

-- closed
local c = fifo.new(8)
c:push("abc")
c:close()
for _, call in ipairs {{"push", "x"}, {"push", ""}, {"pop", 1}, {"pop", 0}, {"pushrecord", ""}, {"poprecord"}} do
	raises("object is closed", c[call[1]], c, call[2])
end
c:close()
do local tbc <close> = fifo.new(8) tbc:push("x") c = tbc end
raises("object is closed", c.pop, c, 1)

-- many
for i = 1, 3000 do fifo.new(1 << 20) end
local many = {}
raises("ENOMEM", function() for i = 1, 100000 do many[i] = fifo.new(1 << 20) end end)
assert(#many > 10)
for i = 1, #many do many[i]:close() end
assert(fifo.new(1 << 20))

-- a finalizer closes, or empties, what is being read
for i = 1, 100 do
	local victim = fifo.new(1 << 16)
	victim:push(("v"):rep(1 << 16))
	setmetatable({}, {__gc = function() if i % 2 == 0 then victim:close() else victim:pop(1000) end end})
	for _ = 1, 60 do pcall(victim.pop, victim, 1000) end
	if i % 10 == 0 then collectgarbage() end
end
print "done"
