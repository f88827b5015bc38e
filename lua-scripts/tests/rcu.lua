-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- needs rcu
--
-- Does the table under RCU hold what is put into it? Run by
--
--	lunatik test rcu
local rcu = require "rcu"
local t = rcu.table(8)

for i = 1, 1000 do
	t["key" .. i] = i
end
assert(#t == 1000)
for i = 1, 1000 do
	assert(t["key" .. i] == i)
end
t.s, t.b, t.nothing = "a\0b", false, nil
assert(t.s == "a\0b" and t.b == false and t.nothing == nil)

assert(rcu.add(t, "count", 2) == 2 and rcu.add(t, "count", -5) == -3)
assert(rcu.cas(t, "count", -3, 7) and not rcu.cas(t, "count", -3, 8) and t.count == 7)
assert(rcu.swap(t, "count", nil) == 7 and t.count == nil)
assert(rcu.insert(t, "new", 1) and not rcu.insert(t, "new", 2) and t.new == 1)

local n, sum = 0, 0
for key, value in pairs(t) do
	if key:find("^key") then
		n, sum = n + 1, sum + value
	end
	t[key] = nil
end
assert(n == 1000 and sum == 500500 and #t == 0)
assert(not pcall(function() t[1] = 1 end) and not pcall(function() t.x = {} end))

-- a table may hold another
t.inner = rcu.table()
t.inner.x = 42
assert(t.inner.x == 42)
