-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- What tests/modules/fail has made with each allocation failing.
local rcu = require "rcu"
local library = require "t.faults.library"

function answer()
	local t = rcu.table(4)
	t.answer = library.answer
	return t.answer
end

function works()
	local t, s = {}, 0
	for i = 1, 20 do t["k" .. i] = i end
	for _, n in pairs(t) do s = s + n end
	return s
end

function forget()
	package.loaded["t.faults.library"] = nil
end

return function(...)
	local values = table.pack(...)
	while true do
		values = table.pack(coroutine.yield(table.unpack(values, 1, values.n)))
	end
end
