-- An rcu table against a plain table of Lua: the same operations on both, at
-- random, must give the same. 43-rcu-model.sh puts a line before this that
-- sets SEED, OPS and TABLE, "own" or "global".
local lib = require "rcu"
local collide = require "collide"
local random, maxinteger, mininteger = math.random, math.maxinteger, math.mininteger
local type, mathtype, pcall = type, math.type, pcall
math.randomseed(SEED)

local t, for_each = lib.table(1), rcu.for_each	-- 16 buckets
if TABLE == "global" then
	t = rcu
	for key in pairs(t) do t[key] = nil end
end
local model, count, step = {}, 0, 0

-- keys: those that are easily taken for each other, and many
local keys, special = {}, 0
local function key(k) keys[#keys + 1] = k end
for _, k in ipairs(collide.same(3)) do key(k) end	-- 8 with one hash
local tails = {}
for _, k in ipairs {"", "aaa", "key", ("s"):rep(36), ("s"):rep(60)} do	-- others begin with these
	for _ = 1, 3 do
		local short, long = collide.prefix(k)
		tails[#tails + 1] = long:sub(#short + 1)
		key(short)
		k = long
	end
	key(k)
end
for _, k in ipairs {"\0", "\0\0", "\0\0\0", "a\0", "a\0b", "a\0c", "\0a", "\xff", "\xff\xff", " ",
		"for_eacg", "key", "nil", "0", "1", "10"} do key(k) end
for n = 1, 24 do key(("a"):rep(n)) end	-- words of 4 and 8 bytes, and what is left
for n = 1, 24, 5 do
	key(("a"):rep(n) .. "b")
	key("b" .. ("a"):rep(n))
	key(("a"):rep(n) .. "\0")
end
for _, n in ipairs {39, 40, 41, 42, 127, 128, 129, 4095, 4096, 100000} do
	local s = ("l"):rep(n)
	key(s)
	key(s:sub(2) .. "m")	-- the last byte, the first, one in the middle
	key("m" .. s:sub(2))
	key(s:sub(1, n // 2) .. "\0" .. s:sub(n // 2 + 2))
end
local distinct = {}
for i = #keys, 1, -1 do
	if distinct[keys[i]] then table.remove(keys, i) end
	distinct[keys[i]] = true
end
special = #keys
for i = 1, 5000 do key("k" .. i) end

-- values: no two of these are equal; some look like the rest of a longer key
local values, ids = {true, false, 0, 1, -1, 10, maxinteger, mininteger, 1 << 32, "", "\0", "0", "1",
	"10", "true", "nil", "a\0b", "a\0c"}, {}
for _, tail in ipairs(tails) do values[#values + 1] = tail end
for _, n in ipairs {1, 7, 8, 9, 39, 40, 41, 100, 127, 128, 129, 200} do
	values[#values + 1] = ("v"):rep(n)
	values[#values + 1] = ("v"):rep(n - 1) .. "w"
	values[#values + 1] = ("\0"):rep(n + 1)
end
for id = 1, 6 do
	local object = lib.table(1)
	object.id = id
	ids[object] = id
	values[#values + 1] = object
end
local large = {}
for _, n in ipairs {4095, 4096, 4097, 30000, 100000} do
	large[#large + 1] = ("x"):rep(n)
	large[#large + 1] = ("x"):rep(n - 1) .. "\0"
end

local function value()
	local n = random(400)
	if n == 1 then
		return large[random(#large)]
	elseif n < 150 then
		return random(0)
	end
	return values[random(#values)]
end

-- what an error says of a value
local function show(v)
	if type(v) == "string" then
		return ("%q%s (%d bytes)"):format(v:sub(1, 30), #v > 30 and "..." or "", #v)
	end
	return tostring(v)
end

local function differ(what, k, got, wanted)
	error(("%s: key %s: %s: got %s, wanted %s (seed %d, step %d, table %s)"):format(what, show(k),
		what, show(got), show(wanted), SEED, step, TABLE), 0)
end

local function same(got, wanted)
	if type(wanted) == "userdata" then
		return type(got) == "userdata" and got.id == ids[wanted]
	end
	return got == wanted and mathtype(got) == mathtype(wanted)
end

local function check(what, k, got, wanted)
	if not same(got, wanted) then
		differ(what, k, got, wanted)
	end
end

local function set(k, v)
	local old = model[k]
	if old == nil then
		if v ~= nil then count = count + 1 end
	elseif v == nil then
		count = count - 1
	end
	model[k] = v
end

-- the same object by another userdata
local function another(k, v)
	return type(v) == "userdata" and t[k] or v
end

local function full()
	local seen, n = {}, 0
	local function visit(what, k, v)
		if seen[k] then
			differ(what .. " saw twice", k, v, nil)
		end
		seen[k] = true
		n = n + 1
		check(what, k, v, model[k])
	end
	local function walked(what)
		check(what .. " saw", "#", n, count)
		seen, n = {}, 0
	end
	lib.map(t, function(k, v) visit("map", k, v) end)
	walked "map"
	for k, v in pairs(t) do visit("pairs", k, v) end
	walked "pairs"
	if TABLE == "global" then
		for_each(function(k, v) visit("for_each", k, v) end)
		walked "for_each"
	end
	for k, v in pairs(model) do check("after a walk", k, t[k], v) end
end

local done = {}
local ops = {
	set = function(k, v)
		t[k] = v
		set(k, v)
	end,
	delete = function(k)
		t[k] = nil
		set(k, nil)
	end,
	read = function() end,
	add = function(k, v)
		local old = model[k]
		local n = mathtype(v) and v or 1
		local ok, sum = pcall(lib.add, t, k, n)
		if old == nil or mathtype(old) then
			check("add", k, ok, true)
			set(k, (old or 0) + n)
			check("add", k, sum, model[k])
		else
			check("add", k, ok, false)
			if not sum:find("integer", 1, true) then differ("add says", k, sum, "integer") end
		end
	end,
	cas = function(k, v)
		local old, new = model[k], v
		local expected = old
		local r = random(8)
		if r == 1 then
			expected = nil
		elseif r < 4 then
			expected = value()
		end
		if random(6) == 1 then new = nil end
		local matches = same(expected, old) and (type(expected) == "userdata") == (type(old) == "userdata")
		check("cas", k, lib.cas(t, k, another(k, expected == old and old or nil) or expected, new), matches)
		if matches then set(k, new) end
	end,
	swap = function(k, v)
		if random(6) == 1 then v = nil end
		check("swap", k, lib.swap(t, k, v), model[k])
		set(k, v)
	end,
	insert = function(k, v)
		check("insert", k, lib.insert(t, k, v), model[k] == nil)
		if model[k] == nil then set(k, v) end
	end,
}

-- now mostly more, now mostly fewer
local mixes = {
	{set = 40, insert = 15, swap = 10, cas = 10, add = 10, read = 12, delete = 3},
	{set = 1, insert = 1, swap = 1, cas = 3, add = 1, read = 13, delete = 80},
	{set = 20, insert = 10, swap = 10, cas = 15, add = 15, read = 15, delete = 15},
}
local PHASE, FULL = 30000, 15000
local largest, smallest, turns, growing = 0, maxinteger, 0, true
local plan
repeat
	if step % PHASE == 0 then
		local mix = mixes[({1, 2, 1, 2, 3, 2})[step // PHASE % 6 + 1]]
		plan = {}
		for op, n in pairs(mix) do
			for _ = 1, n do plan[#plan + 1] = op end
		end
		table.sort(plan)	-- the order of pairs() is not that of the seed
	end
	step = step + 1
	local op = plan[random(#plan)]
	local k = keys[random(5) == 1 and random(special) or random(#keys)]
	ops[op](k, value())
	check(op, k, t[k], model[k])
	if step % 8 == 0 then
		check("# after " .. op, k, #t, count)
	end
	if step % FULL == 0 or step == OPS then
		full()
		largest, smallest = count > largest and count or largest, count < smallest and count or smallest
		if growing and count > 3000 or not growing and count < 500 then
			growing = not growing
			turns = turns + 1
		end
	end
	done[op] = (done[op] or 0) + 1
until step == OPS

for k in pairs(model) do t[k] = nil end
assert(#t == 0)
for k in pairs(t) do differ("left", k, t[k], nil) end
local said = {}
for op, n in pairs(done) do said[#said + 1] = op .. " " .. n end
table.sort(said)
print(("%d operations agree: %s"):format(step, table.concat(said, ", ")))
print(("%d to %d entries, %d turns"):format(smallest, largest, turns))
