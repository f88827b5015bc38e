-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- A kernel thread that says every second how long it has been running, and
-- how much later than it wanted it was woken: a machine under pressure is late.
--
--	# lunatik spawn examples/clock
--	# sleep 3
--	# lunatik stop examples/clock
--	# dmesg | grep "clock: 1 s" | tail -n 1
--	[...] lunatik: clock: 1 s, ... ms late
local linux = require "linux"
local thread = require "thread"

return function()
	local start = linux.time()
	for second = 1, math.maxinteger do
		local due = start + second * 1000000000
		while linux.time() < due do
			if thread.shouldstop() then
				return
			end
			linux.schedule(math.max((due - linux.time()) / 1000000, 1))
		end
		print(string.format("clock: %d s, %d ms late", second, (linux.time() - due) / 1000000))
	end
end
