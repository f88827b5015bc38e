-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- Uses what it is resumed with, and says whether an object is made there.
local data, fifo = require "data", require "fifo"
local mine = data.new(8)
return function(d, q)
	mine:setnumber(0, d:getnumber(0))
	d:setnumber(0, 8)
	assert(#d == 8 and d:getstring(0, 1) == "\8" and d:checksum() and not pcall(d.getbyte, d, 8))
	assert(d:getstring(0) == tostring(d))
	q:push("from the ")
	q:push(("x"):rep(55))
	assert(not pcall(q.push, q, "y") and q:pop(64) == "from the " .. ("x"):rep(55))
	q:pushrecord(("r"):rep(50))
	assert(q:poprecord() == ("r"):rep(50) and q:poprecord() == nil)
	q:push("from the handler")
	local made = pcall(fifo.new, 64) and pcall(d.resize, d, 8) and pcall(data.new, 64)
	return mine, made and "made" or "refused"
end
