-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- One program of tests/modules/fuzz. It returns nothing, raises, or does not parse
-- (-8, ENOEXEC). What it left in the table of all is gone before the next one.
local fuzz = require "fuzz"
local R = require "rcu"
local select, tostring = select, tostring

function program(text, len)
	program = nil
	for k in pairs(rcu) do rcu[k] = nil end
	T = R.table(4)
	_G.R = R
	-- the log is for what the kernel says
	_G.print = function(...)
		for i = 1, select("#", ...) do tostring((select(i, ...))) end
	end
	local f = fuzz.load(text, len)
	if not f then return -8 end
	f()
	return 0
end
