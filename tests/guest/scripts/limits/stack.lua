-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- Each way to recurse, from each place: a line "way | from | depth used left".
local limits = require "limits"

-- Where it keeps a CPU for itself, plain recursion shall run out of memory before
-- it runs out of time.
local function runtime(context)
	local memory = context == "process" and 8 << 20 or 2 << 20
	return lunatik.runtime("t/limits/ways", context, {memory = memory, time = 2000})
end

local places = {
	{"here", "process"}, {"call", "process", 5}, {"call", "process", 8}, {"call", "process", 11},
	{"timer", "softirq"}, {"hrtimer", "hardirq"}, {"kprobe", "hardirq"},
}

return function()
	local list = runtime("process"):resume()
	for _, place in ipairs(places) do
		local from, context, kb = table.unpack(place)
		local label = from .. (kb and " " .. kb .. " kB" or "")
		for way in list:gmatch("[^;]+") do
			local r <close> = runtime(context)
			local said = limits.fire(r, from, way, kb)
			local depth, left, painted, msg = said:match("^(%d+) (%d+) (%d+) (.*)")
			if depth then
				print(("%s|%s|%d|%d|%d|%s"):format(way, label, depth, painted - left, left, msg))
			else
				print(("%s|%s|0|0|-1|%s"):format(way, label, said))
			end
		end
	end
end
