-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- A library that says how often something may happen: for each key so many
-- times in a second, and so many at once. What is known of a key is in a table
-- under RCU by the name of the limit, so all scripts that ask for that limit
-- share it, whatever their context. Needs luarcu.ko.
--
--	# echo 'limit = require("examples.ratelimit").new("logins", 10, 3)
--	> for ms = 0, 200, 50 do print(ms, limit("alice", ms), limit("bob", 0)) end' | lunatik
--	0	true	true
--	50	true	true
--	100	true	true
--	150	true	false
--	200	true	false
--	# echo 'print(require("examples.ratelimit").new("logins", 10, 3)("bob", 0))' | lunatik
--	false
--	# echo 'lunatik._ENV.logins = nil' | lunatik
--
-- Without the last argument, milliseconds, it is the time of the library linux.
local rcu = require "rcu"

local ratelimit = {}

-- An integer for each key is all there is: the time at which everything that
-- was allowed would have happened, had it come at an even pace. It is moved on
-- by compare and swap, so of two who ask at once each is counted.
function ratelimit.new(name, persecond, atonce)
	local pace = 1000 / persecond
	local keys = lunatik._ENV[name]
	if not keys then
		rcu.insert(lunatik._ENV, name, rcu.table())
		keys = lunatik._ENV[name]
	end
	return function(key, now)
		now = now or require("linux").time() / 1000000
		while true do
			local due = keys[key]
			local start = due and math.max(due, now) or now
			if start - now > pace * (atonce - 1) then
				return false
			end
			if rcu.cas(keys, key, due, start + pace) then
				return true
			end
		end
	end
end

return ratelimit
