-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- hoard(): takes all memory there is. work(): something useful, in 256 kB.
local kept

local function hoard()
	kept = {}
	local ok, msg = pcall(function() while true do kept[#kept + 1] = ("x"):rep(100) .. #kept end end)
	return ok and "no end" or msg
end

-- words of a text, counted and sorted
local function work()
	kept = nil
	local count, words = {}, {}
	for i = 1, 2000 do
		for word in ("the %d packet of %d is the %d one"):format(i % 10, i % 7, i % 3):gmatch("%w+") do
			if not count[word] then words[#words + 1] = word end
			count[word] = (count[word] or 0) + 1
		end
	end
	table.sort(words, function(a, b) return count[a] > count[b] end)
	return words[1] .. "=" .. count[words[1]] .. " of " .. #words
end

return function()
	local wrong
	while true do
		wrong = hoard()
		coroutine.yield(wrong)
		coroutine.yield(work())
	end
end
