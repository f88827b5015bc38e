-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- What ordinary scripts do: lines of name and instructions.
local bench, rcu = require "bench", require "rcu"
local now = bench.now

local table_ = rcu.table(1024)
local keys = {}
for i = 1, 1000 do
	keys[i] = "key" .. i
	table_[keys[i]] = i
end
local words = {}
for i = 1, 500 do words[i] = ("%d"):format(i * 7919 % 1009) end
local text = table.concat(words, " ")

local ways = {
	{"loop: additions", function() local n = 0 for i = 1, 100000 do n = n + i end return n end},
	{"loop: arithmetic and conditions", function()
		local n = 0
		for i = 1, 50000 do if i % 3 == 0 then n = n + (i // 3 ~ i) else n = n - (i & 0xff) end end
		return n
	end},
	{"calls of functions", function()
		local function f(a, b) return a + b end
		local n = 0
		for i = 1, 30000 do n = f(n, i) end
		return n
	end},
	{"recursion: fib(18)", function()
		local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
		return fib(18)
	end},
	{"tables: fill, read, remove", function()
		local t = {}
		for i = 1, 10000 do t[i] = i end
		local n = 0
		for i = 1, 10000 do n = n + t[i] end
		for i = 1, 1000 do t["x" .. i] = i end
		for k, v in pairs(t) do n = n + v end
		for i = 10000, 1, -1 do t[i] = nil end
		return n
	end},
	{"tables: insert, remove, sort, concat", function()
		local t = {}
		for i = 1, 2000 do table.insert(t, words[i % 500 + 1]) end
		table.sort(t)
		for i = 1, 100 do table.remove(t, 1) end
		return #table.concat(t, ",")
	end},
	{"objects: many small ones", function()
		local t
		for i = 1, 10000 do t = {i, x = t and t[1]} end
		return t
	end},
	{"methods and metamethods", function()
		local mt = {__index = {get = function(self) return self.n end}, __add = function(a, b) return a.n + b.n end}
		local o, n = setmetatable({n = 1}, mt), 0
		for i = 1, 10000 do n = n + o:get() + (o + o) end
		return n
	end},
	{"strings: format, sub, concat", function()
		local n = 0
		for i = 1, 3000 do n = n + #(("%d:%s"):format(i, words[i % 500 + 1]):sub(2) .. i) end
		return n
	end},
	{"strings: find, gmatch, gsub", function()
		local n = 0
		for i = 1, 5 do
			for word in text:gmatch("%d+") do n = n + #word end
			n = n + #text:gsub("%s", "-") + (text:find("99 .-1", 1) or 0)
		end
		return n
	end},
	{"pcall", function() local f = function(a) return a end for i = 1, 10000 do pcall(f, i) end end},
	{"coroutines", function()
		local co = coroutine.wrap(function() for i = 1, 5000 do coroutine.yield(i) end end)
		for i = 1, 5000 do co() end
	end},
	{"load of a text", function()
		local source = ("local a%d = {x = 1, y = 'z'} if a%d.x > 0 then a%d.y = a%d.x + 1 end\n")
		local all = {}
		for i = 1, 100 do all[i] = source:gsub("%%d", i) end
		return load(table.concat(all))
	end},
	{"rcu: read", function()
		local n = 0
		for j = 1, 20 do for i = 1, 1000 do n = n + table_[keys[i]] end end
		return n
	end},
	{"rcu: replace", function()
		for j = 1, 10 do for i = 1, 1000 do table_[keys[i]] = j end end
	end},
}

for _, way in ipairs(ways) do
	local all = {}
	for i = 1, 5 do
		collectgarbage()
		local from = now()
		way[2]()
		all[i] = now() - from
	end
	table.sort(all)
	print(way[1] .. "\t" .. all[3])
end
