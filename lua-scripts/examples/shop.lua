-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- Counts in the store of examples/store.lua, in a runtime of its own: what two
-- scripts do at once is not lost, since it is added and not written. See there.
--
--	# lunatik run examples/shop
--	lunatik: /lib/modules/lua/examples/shop.lua:...: run examples/store first
--	(exit 1)
local rcu = require "rcu"
local store = lunatik._ENV.store or error("run examples/store first")

for _ = 1, 3 do
	rcu.add(store, "sold", 1)
end
