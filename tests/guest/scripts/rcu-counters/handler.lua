-- in the three runtimes of tests/modules/contexts: each call counts by rcu.add
-- and by a loop around rcu.cas, with integers and with strings
local lib = require "rcu"

n, retries = 0, 0

-- up(key, format): the number in the key's value, one more than it was
local function up(counters, key, format)
	while true do
		local old = counters[key]
		local new = format(old and tonumber(old) + 1 or 1)
		if lib.cas(counters, key, old, new) then
			return
		end
		retries = retries + 1
	end
end

local function integer(i) return i end
local function string(i) return ("%d"):format(i) end

function handler()
	local counters = rcu.counters	-- shared, as any script finds it
	lib.add(counters, "added", 1)
	lib.add(counters, "down", -3)
	up(counters, "integer", integer)
	up(counters, "string", string)
	tally:add(1)
	n = n + 1
	return 1
end
