-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- What a runtime does that has nothing to do with all this: always the same.
local rcu = require "rcu"
return function()
	local t, words = rcu.table(), {}
	for i = 1, 50 do
		t["k" .. i] = i
		words[i] = ("%d"):format(i * i)
	end
	table.sort(words, function(a, b) return tonumber(a) > tonumber(b) end)
	local sum = 0
	for _, n in pairs(t) do sum = sum + n end
	local co = coroutine.wrap(function(...) return select("#", coroutine.yield(...)) end)
	co()
	local ok, msg = pcall(error, {})
	return sum .. " " .. words[1] .. " " .. co(1, 2, 3) .. " " .. type(msg) .. " "
		.. ("a-b-c"):gsub("%-", "+") .. " " .. utf8.len("äöü")
end
