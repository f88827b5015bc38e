-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- Each of them, from each place, beside a thread and a timer on the same CPU:
-- a line "what|from|milliseconds|gap of the thread|gap of the timer|message".
local limits = require "limits"

local cases = {
	{"loop", "thread", "process"},		-- no budget: asked to stop after 500 ms
	{"loop", "timer", "softirq"},
	{"loop", "hrtimer", "hardirq"},
	{"loop", "kprobe", "hardirq"},
	{"loop", "here", "process", {time = 300}},
	{"finalizer", "here", "process", {time = 300}},
	{"sort", "here", "process", {time = 300}},
	{"find", "here", "process", {time = 300}},
	{"rep", "here", "process", {time = 50, memory = 250 << 20}},
	{"sort", "timer", "softirq", {time = 50}},
	{"find", "timer", "softirq", {time = 50}},
	{"sort", "hrtimer", "hardirq", {time = 20}},
}

return function(cpu, slow)
	limits.bind(cpu)
	for _, case in ipairs(cases) do
		local what, from, context, budget = table.unpack(case)
		local label = from .. (budget and " " .. budget.time or "")
		if budget and context == "process" then budget.time = budget.time * slow end
		local r <close> = lunatik.runtime("t/limits/loops", context, budget)
		limits.beat(cpu)
		local msg, took = limits.fire(r, from, what)
		local thread, timer = limits.gaps()
		print(("%s|%s|%d|%d|%d|%s"):format(what, label, took, thread, timer, msg:gsub("\n.*", "")))
	end
end
