-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- A script that another one resumes: gives back what it gets, and how often
-- it was asked.
--
--	# echo 'print(lunatik.runtime("examples/echo", "softirq"):resume("hello"))' | lunatik
--	hello	1
return function(...)
	local n = 1
	local said = table.pack(...)
	while true do
		said[said.n + 1] = n
		said = table.pack(coroutine.yield(table.unpack(said, 1, said.n + 1)))
		n = n + 1
	end
end
