-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- Instructions to make and stop a runtime, and its memory in Lua.
local bench = require "bench"
local now = bench.now

local N <const> = 200
local all = {}

collectgarbage()
collectgarbage("stop")
for i = 1, 5 do
	local from = now()
	for i = 1, N do
		lunatik.runtime("bench/nothing"):stop()
	end
	all[i] = now() - from
end
collectgarbage("restart")
table.sort(all)
print("make and stop a runtime\t0\t" .. all[3] * 10 // N)

local runtime = lunatik.runtime("bench/nothing")
print("bytes of Lua of a runtime\t0\t" .. runtime:status().memory * 10)
runtime:stop()
