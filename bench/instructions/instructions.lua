-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- Instructions per operation: where the clock counts them, 1 ns is one.
-- Prints lines of name, entries and tenths of an instruction.
local bench, rcu = require "bench", require "rcu"
local now = bench.now

local N <const> = 20000
local KEYS <const> = 1000
local SIZES <const> = {1, 10, 1000, 100000, 1000000}

local keys, absent = {}, {}
for i = 1, KEYS do
	absent[i] = "nokey" .. i
end

-- median of five of f(...), with no collector in between
local function median(f, ...)
	local all = {}
	for i = 1, 5 do
		collectgarbage()
		collectgarbage("stop")
		all[i] = f(...)
		collectgarbage("restart")
	end
	table.sort(all)
	return all[3]
end

-- every loop fetches its key the same way, which is taken off
local function loop(n, t, keys, m)
	local v
	local from = now()
	for i = 1, n do v = keys[i % m + 1] end
	return now() - from
end

local function read(n, t, keys, m)
	local v
	local from = now()
	for i = 1, n do v = t[keys[i % m + 1]] end
	return now() - from
end

local function write(n, t, keys, m, value)
	local from = now()
	for i = 1, n do t[keys[i % m + 1]] = value end
	return now() - from
end

local base = median(loop, N, nil, absent, KEYS)

local function tell(name, entries, ns, n)
	print(name .. "\t" .. entries .. "\t" .. ns * 10 // n)
end

local function per(name, entries, f, t, keys, m, value)
	tell(name, entries, median(f, N, t, keys, m, value) - base, N)
end

-- peers
local plain, empty = {}, bench.empty()
for i = 1, KEYS do
	keys[i] = "key" .. i
	plain[keys[i]] = i
end
tell("loop and key", 0, base, N)
per("Lua table read", KEYS, read, plain, keys, KEYS)
per("Lua table write", KEYS, write, plain, keys, KEYS, 1)
per("empty __index in C", 0, read, empty, keys, KEYS)
per("empty __newindex in C", 0, write, empty, keys, KEYS, 1)
for _, entries in ipairs {10, 1000, 100000} do
	tell("rhashtable_lookup from C", entries, median(bench.rhashtable, entries, N), N)
end

local function count(t)
	local n = 0
	rcu.map(t, function() n = n + 1 end)
	return n
end

for _, entries in ipairs(SIZES) do
	local t = rcu.table()

	-- it grows meanwhile: by a worker, on this same CPU
	collectgarbage("generational")
	local from = now()
	for i = 1, entries do t["key" .. i] = i end
	tell("fill, growing, key made", entries, now() - from, entries)
	collectgarbage("incremental")
	bench.sleep(1000)

	-- keys from all over it
	local m = math.min(entries, KEYS)
	for i = 1, m do
		keys[i] = "key" .. (i - 1) * entries // m + 1
	end
	per("read, hit", entries, read, t, keys, m)
	per("read, miss", entries, read, t, absent, KEYS)
	per("replace an integer", entries, write, t, keys, m, 2)
	if entries >= 10 then
		tell("luarcu_get from C", entries, median(bench.table, t, N), N)
	end
	from = now()
	local n = count(t)
	assert(n == entries)
	tell("map, an entry", entries, now() - from, n)

	-- inserted and deleted, with room for all: no resize in between
	if entries < 1000000 then
		t = rcu.table(4 * entries + 2 * KEYS)
		for i = 1, entries do t["key" .. i] = i end
		bench.sleep(100)
	end
	local key = base * KEYS // N
	tell("insert an integer", entries, median(function()
		local ns = write(KEYS, t, absent, KEYS, 1)
		write(KEYS, t, absent, KEYS, nil)
		bench.sleep(50)
		return ns
	end) - key, KEYS)
	tell("delete", entries, median(function()
		write(KEYS, t, absent, KEYS, 1)
		local ns = write(KEYS, t, absent, KEYS, nil)
		bench.sleep(50)
		return ns
	end) - key, KEYS)
	assert(#t == entries)
	t = nil
	collectgarbage()
end

-- values, in a table of 1,000
local t = rcu.table()
for _, len in ipairs {8, 64, 1024} do
	local s = ("x"):rep(len)
	for i = 1, KEYS do
		keys[i] = "key" .. i
		t[keys[i]] = s
	end
	bench.sleep(200)
	per("read a string of " .. len, KEYS, read, t, keys, KEYS)
	per("replace a string of " .. len, KEYS, write, t, keys, KEYS, s)
	bench.sleep(200)
end
local object = rcu.table(1)
for i = 1, KEYS do t[keys[i]] = object end
bench.sleep(200)
per("read an object", KEYS, read, t, keys, KEYS)
per("replace an object", KEYS, write, t, keys, KEYS, object)
for i = 1, KEYS do t[keys[i]] = 0 end
bench.sleep(200)
tell("rcu.add", KEYS, median(function()
	local add, from = rcu.add, now()
	for i = 1, N do add(t, keys[i % KEYS + 1], 1) end
	return now() - from
end) - base, N)
