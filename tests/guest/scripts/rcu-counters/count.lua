-- a script that counts as handler.lua does, 50,000 times; begins when told
local lib = require "rcu"
local counters, adds, retries = rcu.counters, 50000, 0
while not rcu.go do end
for _ = 1, adds do
	lib.add(counters, "added", 1)
	lib.add(counters, "down", -3)
	while true do
		local old = counters.integer
		if lib.cas(counters, "integer", old, old + 1) then break end
		retries = retries + 1
	end
	while true do
		local old = counters.string
		if lib.cas(counters, "string", old, tostring(old + 1)) then break end
		retries = retries + 1
	end
end
print(adds)
print("retries", retries)
