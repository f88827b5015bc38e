-- What a callback may do to a walk, in a runtime of process context. Each kind
-- of walk: map, pairs, and for_each of the global table.
local lib, api, says = require "rcu", require "api", require "t.rcu-lua.says"
local alike = require "collide".same(8)

local kinds = {
	map = lib.map,
	pairs = function(t, f) for k, v in pairs(t) do f(k, v) end end,
	for_each = function(t, f) return rcu.for_each(f) end,
}

for name, walk in pairs(kinds) do
	local t = name == "for_each" and rcu or lib.table(4)
	local function fill(n)
		for k in pairs(t) do t[k] = nil end
		for i = 1, n do t["k" .. i] = i end
		assert(#t == n)
	end
	-- each once, with its value
	local function whole(n)
		local seen, count = {}, 0
		walk(t, function(k, v)
			assert(not seen[k] and k == "k" .. v, k)
			seen[k] = true
			count = count + 1
		end)
		assert(count == n and #t == n, count)
	end
	fill(0)
	whole(0)
	fill(1)
	whole(1)

	-- raises: the first and the last one, with any value
	fill(300)
	for _, at in ipairs {1, 150, 300} do
		local n = 0
		says("on purpose", walk, t, function() n = n + 1 if n == at then error("on purpose") end end)
		assert(n == at)
		local object = {}
		local ok, got = pcall(walk, t, function() error(object) end)
		assert(not ok and got == object)
		assert(select("#", pcall(walk, t, function() error(nil) end)) == 2)
		whole(300)
	end

	-- deletes: what it was given, everything, all but that
	local n = 0
	walk(t, function(k) t[k] = nil n = n + 1 end)
	assert(n == 300 and #t == 0)
	fill(300)
	n = 0
	walk(t, function() for i = 1, 300 do t["k" .. i] = nil end n = n + 1 end)
	assert(n == 1 and #t == 0)
	fill(300)
	local last
	walk(t, function(k) for i = 1, 300 do if k ~= "k" .. i then t["k" .. i] = nil end end last = k end)
	assert(#t == 1 and t[last])

	-- inserts, so many that the table grows; deletes these, so that it shrinks
	fill(100)
	local counts, new = {}, 0
	walk(t, function(k)
		counts[k] = (counts[k] or 0) + 1
		for i = 1, 20 do
			if new < 10000 then
				new = new + 1
				t["new" .. new] = true
			end
		end
	end)
	for i = 1, 100 do assert(counts["k" .. i] == 1) end
	for k, c in pairs(counts) do assert(c == 1, k) end
	counts = {}
	walk(t, function(k)
		counts[k] = (counts[k] or 0) + 1
		for i = 1, 20 do
			if new > 0 then
				t["new" .. new] = nil
				new = new - 1
			end
		end
	end)
	for i = 1, 100 do assert(counts["k" .. i] == 1) end
	for k, c in pairs(counts) do assert(c == 1, k) end

	-- replaces: by other types, by swap, cas and add
	fill(200)
	counts = {}
	walk(t, function(k, v)
		counts[k] = (counts[k] or 0) + 1
		for i = 1, 200, 7 do t["k" .. i] = "s" .. i end
		lib.swap(t, k, true)
		assert(lib.cas(t, k, true, 7) and lib.add(t, k, 1) == 8)
	end)
	for i = 1, 200 do assert(counts["k" .. i] == 1, i) end
	fill(200)

	-- sleeps, collects garbage, walks inside of a walk
	local sleeper = api.box("process")
	fill(60)
	walk(t, function() assert(sleeper:maysleep()) end)
	walk(t, function() collectgarbage() end)
	n = 0
	walk(t, function(k)
		walk(t, function(k2)
			if k == k2 then lib.map(t, function() n = n + 1 end) end
		end)
	end)
	assert(n == 60 * 60)
	whole(60)
	-- until the kernel stack ends, or the memory for walks
	local function deep() walk(t, deep) end
	local ok, message = pcall(deep)
	assert(not ok and (message:find("overflow") or message == "not enough memory"), message)
	whole(60)

	-- yields: out of a loop it may
	local co = coroutine.create(function() walk(t, coroutine.yield) end)
	if name == "pairs" then
		n = 0
		while true do
			local ok, k, v = coroutine.resume(co)
			assert(ok, k)
			if not k then break end
			assert(k == "k" .. v)
			n = n + 1
		end
		assert(n == 60)
	else
		local ok, message = coroutine.resume(co)
		assert(not ok and message == "attempt to yield across a C-call boundary", message)
	end
	-- left in the middle, for the collector
	for _ = 1, 200 do
		local co = coroutine.wrap(function() walk(t, function(k) pcall(coroutine.yield, k) error(k) end) end)
		pcall(co)
	end
	collectgarbage()
	-- a coroutine inside is no matter
	walk(t, function(k) assert(coroutine.wrap(function() coroutine.yield(k) end)() == k) end)
	whole(60)

	-- keys of one bucket, more than a step of a walk has room for; and long ones
	fill(0)
	for i, k in ipairs(alike) do t[k] = i end
	for i = 1, 30 do t[("x"):rep(i * 997)] = i end
	local seen, n = {}, 0
	walk(t, function(k, v)
		assert(not seen[k] and (k == alike[v] or #k == v * 997))
		seen[k] = true
		n = n + 1
		if n % 5 == 0 then collectgarbage("step") end
	end)
	assert(n == #alike + 30)
	n = 0
	walk(t, function(k) t[k] = nil n = n + 1 end)
	assert(n == #alike + 30 and #t == 0)
end

-- the iterator of pairs(), by hand
local t = lib.table(1)
for i = 1, 100 do t["k" .. i] = i end
local iterator, state, control, closing = pairs(t)
assert(type(iterator) == "function" and state == nil and control == nil and closing == nil)
local n = 0
while iterator(nil, "no such key", n) do n = n + 1 end	-- what it is given does not matter
assert(n == 100)
for _ = 1, 1000 do assert(iterator() == nil and select("#", iterator(t)) == 1) end	-- after its end
t.late = 1
assert(iterator() == nil)
-- two over one table, and one shared by two loops
local a, b, seen = pairs(t), pairs(t), 0
while a() do assert(b()) seen = seen + 1 end
assert(seen == 101 and not b())
local once = pairs(t)
local counts = {}
for k in once do counts[k] = 1 for k2 in once do assert(not counts[k2]) counts[k2] = 1 end end
n = 0
for _ in pairs(counts) do n = n + 1 end
assert(n == 101)
-- it keeps its table
do
	local alone = lib.table(1)
	alone.x = 1
	local it = pairs(alone)
	alone = nil
	collectgarbage()
	assert(it() == "x" and it() == nil)
end
-- by threads in turn
local shared = pairs(t)
n = 0
local threads = {}
for i = 1, 5 do
	threads[i] = coroutine.wrap(function()
		for _ in shared do n = n + 1 coroutine.yield(true) end
	end)
end
while #threads > 0 do
	for i = #threads, 1, -1 do
		if not threads[i]() then table.remove(threads, i) end
	end
end
assert(n == 101)

-- the table shrinks in the middle of a walk, or grows, by a worker that needs a
-- moment: what was there throughout comes once
local function whilewalking(walk, first, change)
	local seen, n = {}, 0
	walk(first, function(key)
		if key:byte() == 107 then	-- 'k'
			assert(not seen[key], key)
			seen[key] = true
			n = n + 1
			if n == 100 then
				change(first)
				for _ = 1, 60000 do end
			end
		end
	end)
	assert(n == 200, n)
end
local function bymap(t, f) lib.map(t, f) end
local function bypairs(t, f) for key in pairs(t) do f(key) end end
local function ballast(t, value) for i = 1, 2000 do t["b" .. i] = value end end
for round = 1, 20 do
	for _, walk in ipairs {bymap, bypairs} do
		local t = lib.table(16)
		for i = 1, 200 do t["k" .. i] = i end
		ballast(t, true)
		whilewalking(walk, t, function() ballast(t, nil) end)
		for _ = 1, 60000 do end
		whilewalking(walk, t, function() ballast(t, round) end)
	end
end

-- finalizers that go on with walks, the one that runs among them
local function finalized(f)
	setmetatable({}, {__gc = function(x) f() setmetatable({}, getmetatable(x)) end})
end
local ran, stop, current = 0, false, nil
finalized(function()
	if stop then return end
	ran = ran + 1
	if current then current() end
	for _ in pairs(t) do break end	-- luacheck: ignore 512
	lib.map(t, function() end)
	lib.add(t, "finalized", 1)
end)
for round = 1, 20 do
	for i = 1, 40 do t[("long key %d "):rep(20):format(i, i, i, i, i, i, i, i, i, i, i, i, i, i, i, i, i, i, i, i)] = ("v"):rep(300 + i) end
	current = pairs(t)
	for k, v in current do assert(k and v ~= nil) local _ = {} collectgarbage("step") end
	current = nil
	lib.map(t, function(k, v) collectgarbage("step") end)
end
collectgarbage()
assert(ran > 10, ran)
stop = true
assert(t.finalized == ran)
for k in pairs(t) do t[k] = nil end
assert(#t == 0)
-- and when the state is closed
kept = pairs(t)
setmetatable({}, {__gc = function() t.x = 1 for _ = 1, 5 do kept() end lib.map(t, function() t.y = 1 end) for k in pairs(t) do t[k] = nil end end})
for k in pairs(rcu) do rcu[k] = nil end
print "done"
