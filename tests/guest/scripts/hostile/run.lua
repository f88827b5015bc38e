-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- require "t/hostile/run": runs cases, each in a runtime of its own with a
-- budget, and after each one that has nothing to do with it.
local memory, time = 4 << 20, {process = 1000, softirq = 500, hardirq = 100}
local good = "1275 2500 3 table a+b+c 3"

local function class(ok, msg)
	if ok then return "result" end
	msg = tostring(msg)
	for _, word in ipairs {"stopped", "memory", "overflow", "too complex"} do
		if msg:find(word) then return word end
	end
	return "error"
end

-- Milliseconds since this runtime began.
local function clock()
	return lunatik.status().time // 1000000
end

local function attempt(name, context)
	local r <close> = lunatik.runtime(name, context, {memory = memory, time = time[context]})
	local ok, msg = pcall(r.resume, r)
	return class(ok, msg), msg
end

-- One line: how it ended, the milliseconds that took, whether others noticed.
return function(name, context)
	local start = clock()
	local ok, how, msg = pcall(attempt, name, context)
	local took = clock() - start
	if not ok then how, msg = "not made", how end

	for k in pairs(rcu) do rcu[k] = nil end
	local r <close> = lunatik.runtime("t/hostile/good")
	local well, answer = pcall(r.resume, r)
	local health = well and answer == good and "healthy" or "ILL: " .. tostring(answer)
	return ("%s %d ms, %s: %s"):format(how, took, health,
		tostring(msg):match("[^\n]*"):sub(1, 100))
end
