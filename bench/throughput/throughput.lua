-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- /lib/modules/lua/bench/throughput.lua: what a thread of the benchmark does.
-- begin(op, number) sets the function chunk, which returns how many operations
-- it did.

local rcu = require "rcu"
local N <const> = 1000
local CPUS <const> = 2

-- the table that all share, for a writer that does @op
function setup(op)
	local t = rcu.table(N)
	for i = 1, N do
		t["key" .. i] = i
		if op == "replace_all_strings" then
			t["text" .. i] = "text"
		end
	end
	lunatik._ENV.bench = t
end

function cleanup()
	lunatik._ENV.bench = nil
end

-- the keys, in an order of each thread's own
local function shuffled(name, number)
	local keys, random = {}, number + 1
	for i = 1, N do
		random = (random * 1103515245 + 12345) & 0xffffffff
		local j = (random >> 16) % i + 1
		keys[i] = keys[j]
		keys[j] = name .. i
	end
	return keys
end

-- of them those that no other thread has
local function own(name, number)
	local keys = {}
	for _, key in ipairs(shuffled(name, number)) do
		if tonumber(key:match("%d+")) % CPUS == number then
			keys[#keys + 1] = key
		end
	end
	return keys
end

-- a key that is not there would raise
local function reader(t, keys)
	return function()
		local sum = 0
		for i = 1, #keys do
			sum = sum + t[keys[i]]
		end
		return #keys
	end
end

-- the values that @values has, in turn
local function writer(t, keys, values)
	local round = 0
	return function()
		round = round + 1
		local value = values and values[round % #values + 1]
		if values then
			for i = 1, #keys do
				t[keys[i]] = value
			end
		else
			for i = 1, #keys do
				t[keys[i]] = round + i
			end
		end
		return #keys
	end
end

local function plain()
	local t = {}
	for i = 1, N do
		t["key" .. i] = i
	end
	return t
end

local strings = { "a value of 24 characters", "another of 24 characters" }
local ops = {}

function ops.read(t, number)
	return reader(t, shuffled("key", number))
end

-- beside a writer of other keys
function ops.read_own(t, number)
	return reader(t, own("key", number))
end

-- what this machine gets with two CPUs out of Lua alone
function ops.read_plain(t, number)
	return reader(plain(), shuffled("key", number))
end

function ops.replace_all(t, number)
	return writer(t, shuffled("key", number))
end

-- beside a reader of integers: keys of its own
function ops.replace_all_strings(t, number)
	return writer(t, shuffled("text", number), strings)
end

function ops.replace(t, number)
	return writer(t, own("key", number))
end

function ops.replace_strings(t, number)
	return writer(t, own("key", number), strings)
end

function ops.replace_booleans(t, number)
	return writer(t, own("key", number), { true, false })
end

function ops.replace_one(t, number)
	local keys = {}
	for i = 1, N do
		keys[i] = "key1"
	end
	return writer(t, keys)
end

function ops.insert_delete(t, number)
	local keys = own("new", number)
	return function()
		for i = 1, #keys do
			local key = keys[i]
			t[key] = i
			t[key] = nil
		end
		return 2 * #keys
	end
end

-- one operation for each entry into the runtime
function ops.read_each(t, number)
	local keys, at = shuffled("key", number), 0
	return function()
		at = at % #keys + 1
		local _ = t[keys[at]] + 0
		return 1
	end
end

function ops.replace_each(t, number)
	local keys, at, n = shuffled("key", number), 0, 0
	return function()
		at = at % #keys + 1
		n = n + 1
		t[keys[at]] = n
		return 1
	end
end

-- of an ordinary table: for the runtime that all threads enter
function ops.read_each_plain(t, number)
	return ops.read_each(plain(), number)
end

function ops.replace_each_plain(t, number)
	return ops.replace_each(plain(), number)
end

function begin(op, number)
	chunk = ops[op](lunatik._ENV.bench, number)
end
