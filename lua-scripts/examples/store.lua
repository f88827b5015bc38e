-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- A store of keys and values that all scripts see, and that is theirs as long
-- as this one runs. It keeps count of what was written. Needs luarcu.ko.
--
--	# lunatik run examples/store
--	# echo 'lunatik._ENV.store.color = "red"' | lunatik
--	# echo 'return lunatik._ENV.store.color' | lunatik
--	red
--	# lunatik run examples/shop softirq
--	# echo 'return lunatik._ENV.store.sold, lunatik._ENV.store.color' | lunatik
--	3	red
--	# lunatik stop examples/shop
--	# lunatik stop examples/store
--	# echo 'return lunatik._ENV.store' | lunatik
--	nil
local rcu = require "rcu"

local store = rcu.table()
lunatik._ENV.store = store

-- when the script is stopped its global variables are collected
_G.keeper = setmetatable({}, {__gc = function()
	lunatik._ENV.store = nil
end})
