#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 900
# The RCU table, shared by scripts that run at the same time.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu

answers 'rcu.shared = "by one"' '' 'a script writes'
answers 'print(rcu.shared)' 'by one' 'the next one reads'
answers 'rcu.shared = nil print(rcu.shared, #rcu)' "$(printf 'nil\t0')" 'and deletes'
answers 'local t = require "rcu".table(64) t.x = 1 rcu.t = t' '' 'a table made by one script'
answers 'rcu.t.y = (rcu.t.x or 0) + 1' '' 'is written by another'
answers 'print(rcu.t.x, rcu.t.y, #rcu.t) rcu.t = nil' "$(printf '1\t2\t2')" 'and read by a third'

# one writes 100,000 keys, one reads them by key meanwhile
cat >/tmp/writer.lua <<'X'
for i = 1, 100000 do
	rcu["key" .. i] = i % 3 == 0 and i or i % 3 == 1 and "value of key" .. i or i % 2 == 0
end
rcu.written = true
for i = 1, 100000, 7 do
	rcu["key" .. i] = i	-- replaced
end
print(#rcu)
X
cat >/tmp/reader.lua <<'X'
local seen, missing, rounds, at = 0, 0, 0, 0
local function check(i)
	local value = rcu["key" .. i]
	if value == nil then
		missing = missing + 1
		return false
	end
	seen = seen + 1
	local first = i % 3 == 0 and i or i % 3 == 1 and "value of key" .. i or i % 2 == 0
	local second = i % 7 == 1 and i or nil
	if value ~= first and value ~= second then
		error("key" .. i .. " has " .. tostring(value))
	end
	return true
end
-- behind the writer, and now and then ahead of it
repeat
	for _ = 1, 1000 do
		if at < 100000 and check(at + 1) then
			at = at + 1
		end
	end
	check(math.random(100000))
	rounds = rounds + 1
until at == 100000
assert(rcu.written)
print(seen >= 100000 and rounds > 1 and "every value was one that was written" or seen)
print(missing > 0 and "read while it was written" or "came too late")
X
cat /tmp/writer.lua >"$DRV" & writer=$!
run /tmp/reader.lua
is "$status:$out" "0:every value was one that was written
read while it was written" 'a reader beside a writer of 100,000 keys'
wait $writer
is $? 0 'and the writer'
answers 'print(#rcu)
local n = 0
rcu.for_each(function(key) n = n + 1 end)
print(n)
for i = 1, 100000 do rcu["key" .. i] = nil end
rcu.written = nil
print(#rcu)' "$(printf '100001\n100001\n0')" 'all are there, and can be deleted'

# writers of the same keys: a value is always whole
cat >/tmp/same.lua <<'X'
for i = 1, 20000 do
	local c = string.char(97 + i % 26)
	rcu.same = c:rep(200 + i % 100)
	local value = rcu.same
	assert(value and value == value:sub(1, 1):rep(#value), value)
	rcu["k" .. i % 10] = i % 2 == 0 and i or nil
end
X
for _ in 1 2 3 4; do
	cat /tmp/same.lua >"$DRV" & pids="${pids-} $!"
done
bad=0
for pid in $pids; do
	wait "$pid" || bad=$((bad + 1))
done
is $bad 0 'four scripts write the same keys: every value is whole'
lua 'rcu.for_each(function(key) rcu[key] = nil end)'
answers 'print(#rcu)' 0 'the count is right after that'

# a hundred tables of a thousand keys, dropped by the collector
before=$(slab_kb)
lua 'local rcu = require "rcu"
for i = 1, 100 do
	local t = rcu.table(1024)
	for j = 1, 1000 do t["key" .. j] = ("x"):rep(100) end
	t.self = i % 2 == 0 and rcu.table() or nil
end'
is "$status:$out" 0: 'tables are dropped'
after=$(slab_kb)
diag "slab before $before kB, after $after kB"
ok 'and what they held is freed' test $((after - before)) -lt 4000
finish
