-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- What tests/modules/stack runs: handler(way). "+way" also calls stack.hit()
-- on each level. "names" says what there is; "error" and "deep" are for raw.
local stack = require "stack"
local ways = require "t/stack/ways"

local byname = {}
for _, way in ipairs(ways.list) do byname[way[1]] = way[2] end

function byname.error() error("raised at once", 0) end
function byname.nothing() return 0, "ended by itself" end
function byname.tostring() return 0, ("%s %s"):format("ended", "by itself") end
function byname.uncaught() local function f() return f() + 1, (("x"):gsub("x", f)) end f() end

-- what a single thing of the kernel takes, as the depth
for _, what in ipairs {"nothing", "spin", "nowait", "atomic", "kernel", "free", "log"} do
	byname["cost-" .. what] = function()
		stack.paint()
		stack.cost(what)
		return stack.used(), "ended by itself"
	end
end

function handler(name)
	ways.hitting = name:sub(1, 1) == "+"
	local way = byname[name:match("[^+]+")]
	if not way then return 0, "no such way" end
	local depth, msg = way()
	msg = msg:gsub("/lib[^ ]*ways.lua:%d+: ", ""):gsub("%[string .-%]:1: ", ""):gsub("\n.*", "")
	return depth, #msg > 150 and msg:sub(-150) or msg
end

