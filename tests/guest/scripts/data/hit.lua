-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- Uses each object; counts those that are refused since they are in use, and other errors.
require "fifo" require "data" require "completion"
local add = require "rcu".add
local q, d, c = rcu.q, rcu.d, rcu.c
local done = 0

local function try(f, ...)
	local ok, message = pcall(f, ...)
	if ok then return true end
	add(rcu, message:find("in use by what this handler has interrupted", 1, true) and "refused" or "other", 1)
end

function handler()
	if not q then return end
	if try(q.push, q, "") then q:pop(0) end
	if try(d.setuint32, d, 0, done + 1) then
		done = done + 1
		rcu.done = done
		pcall(d.getstring, d, 0, 4000)
	end
	c:complete()
end
