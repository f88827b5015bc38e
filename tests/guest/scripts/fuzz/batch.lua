-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- The programs of COUNT seeds from FIRST on, each in a runtime of its own.
-- The seed is said before: where a machine ends, the kernel log tells why.
local _, softirq, hardirq = table.unpack((require "t.contexts"))
local context = {"process", "process", softirq, hardirq or softirq}
local budget = {memory = 1 << 20}

-- A runtime for one program. A machine that is busy elsewhere may need more than the
-- budget to load what runs it: that says nothing about the program.
local function runtime(where)
	local ok, r
	for _ = 1, 20 do
		ok, r = pcall(lunatik.runtime, "t/fuzz/one", where, budget)
		if ok then return r end
		if not tostring(r):find("more than") then break end
	end
	error(r, 0)
end

return function(first, count, slow)
	budget.time = 100 * slow
	local outcomes = {}
	for seed = first, first + count - 1 do
		local where = context[seed % #context + 1]
		print("seed " .. seed .. " " .. where)
		local r <close> = runtime(where)
		local ok, how = pcall(r.resume, r, seed)
		if not ok then
			how = tostring(how)
			how = how:find("stopped") and "stopped" or how:find("memory") and "memory" or "raised"
		end
		if tostring(how):find("^syntax: ") then
			print(how)
			how = "syntax"
		elseif ok and how ~= "result" and how ~= "error" then
			how = "yielded"		-- out of the script itself
		end
		outcomes[how] = (outcomes[how] or 0) + 1
		for k in pairs(rcu) do rcu[k] = nil end
	end
	local r <close> = lunatik.runtime("t/hostile/good")
	local line = {r:resume() == "1275 2500 3 table a+b+c 3" and "healthy" or "ILL"}
	for _, how in ipairs {"result", "error", "yielded", "raised", "memory", "stopped", "syntax"} do
		line[#line + 1] = how .. "=" .. (outcomes[how] or 0)
	end
	return table.concat(line, " ")
end
