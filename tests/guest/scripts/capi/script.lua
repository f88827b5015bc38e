-- SPDX-License-Identifier: MIT OR GPL-2.0-only
local n = 0
function add(a, b) return a + b end
function count(by) n = n + by return n end
function raises() error("as asked") end
function deep() return 1 + deep() end
function greedy() local t = {} for i = 1, 1 << 40 do t[i] = i end end
-- what wants to sleep is refused in a handler that must not
function sleepy()
	local ok, message = pcall(require, "t.capi.notyet")
	assert(not ok and message:find("only in process context"), message)
	ok, message = pcall(dofile, "t/capi/script.lua")
	assert(not ok and message:find("only in process context"), message)
	return 1
end
function loops() while true do pcall(function() while true do end end) end end
