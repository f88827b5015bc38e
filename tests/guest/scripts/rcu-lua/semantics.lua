-- What the operations on one table mean; who uses one script sees no more.
local lib, api, says = require "rcu", require "api", require "t.rcu-lua.says"
local max, min = math.maxinteger, math.mininteger
local t = lib.table(4)

-- # counts keys, not writes
for i = 1, 100 do t["k" .. i] = i end
assert(#t == 100)
for i = 1, 100 do t["k" .. i] = "again" end
assert(#t == 100)
t.none = nil
assert(#t == 100)
for i = 1, 100 do t["k" .. i] = nil end
assert(#t == 0)

-- nil deletes, false does not
t.k = false
assert(t.k == false and #t == 1)
t.k = nil
assert(t.k == nil and #t == 0)

-- a value is replaced by one of any other type
local object = lib.table(1)
object.me = true
local values = {true, false, 0, 1, -1, max, min, "", "0", "1", "true", "nil", ("s"):rep(200), object}
for _, a in ipairs(values) do
	for _, b in ipairs(values) do
		t.k = a
		t.k = b
		local got = t.k
		assert(b == object and got.me or got == b and math.type(got) == math.type(b))
		assert(#t == 1)
	end
end
t.k = nil

-- add
assert(lib.add(t, "n", 5) == 5 and t.n == 5)
assert(lib.add(t, "n", -7) == -2 and t.n == -2 and #t == 1)
assert(lib.add(t, "n", "2") == 0 and math.type(t.n) == "integer")
t.n = max
assert(lib.add(t, "n", 1) == min and t.n == min)
assert(lib.add(t, "n", -1) == max and t.n == max)
assert(lib.add(t, "n", max) == -2 and lib.add(t, "n", min) == max - 1)
assert(lib.add(t, "n", 0) == max - 1)
t.n = min
assert(lib.add(t, "n", min) == 0)
assert(lib.add(t, "zero", 0) == 0 and t.zero == 0)	-- it is there now
t.n, t.zero = nil, nil
for _, value in ipairs {true, false, "1", "", "x", object} do
	t.v = value
	local ok, message = pcall(lib.add, t, "v", 1)
	assert(not ok and message:find("rcu.add", 1, true) and message:find("integer", 1, true), message)
	assert(value == object and t.v.me or t.v == value)
end
t.v = nil

-- cas: as Lua compares
assert(lib.cas(t, "c", nil, nil) == true and #t == 0)
assert(lib.cas(t, "c", 1, 2) == false and t.c == nil)
assert(lib.cas(t, "c", false, 2) == false and t.c == nil)
assert(lib.cas(t, "c", nil, 1) == true and t.c == 1)
assert(lib.cas(t, "c", nil, 2) == false and t.c == 1)
assert(lib.cas(t, "c", "1", 2) == false and lib.cas(t, "c", true, 2) == false and t.c == 1)
assert(lib.cas(t, "c", 1, "1") == true and t.c == "1")
assert(lib.cas(t, "c", 1, 2) == false and lib.cas(t, "c", "1\0", 2) == false and
	lib.cas(t, "c", "", 2) == false)
assert(lib.cas(t, "c", "1", true) and lib.cas(t, "c", true, false) and t.c == false)
assert(lib.cas(t, "c", nil, 1) == false and lib.cas(t, "c", 0, 1) == false and t.c == false)
assert(lib.cas(t, "c", false, object) and t.c.me)
assert(lib.cas(t, "c", lib.table(1), 1) == false)
assert(lib.cas(t, "c", t.c, object) and lib.cas(t, "c", t.c, "o"))	-- other userdata of it
local long = ("l"):rep(5000)
t.c = long
assert(not lib.cas(t, "c", long:sub(1, -2) .. "m", 1) and not lib.cas(t, "c", long .. "l", 1))
assert(lib.cas(t, "c", ("l"):rep(5000), nil) == true and t.c == nil and #t == 0)

-- swap: the old one comes back
assert(lib.swap(t, "s", 1) == nil and t.s == 1)
for i, value in ipairs(values) do
	local old = lib.swap(t, "s", value)
	local wanted = i == 1 and 1 or values[i - 1]
	assert(wanted == object and old.me or old == wanted)
end
assert(lib.swap(t, "s", long).me and lib.swap(t, "s", nil) == long)
assert(t.s == nil and #t == 0 and lib.swap(t, "s", nil) == nil and #t == 0)

-- insert: if it is not there
assert(lib.insert(t, "i", false) == true and t.i == false)
for _, value in ipairs(values) do
	assert(lib.insert(t, "i", value) == false and t.i == false)
end
t.i = nil
assert(lib.insert(t, "i", object) and t.i.me and #t == 1)
t.i = nil

-- an object: one reference for each place, a new userdata for each read
local before = api.released()
do
	local box = api.box("hardirq")
	t.a, t.b = box, box
	box:add(41)
	assert(t.a:add(1) == 42 and #t.b == 42 and t.a ~= t.a)
	box = nil
end
collectgarbage()
assert(api.released() == before and #t.a == 42)
t.a = 1
collectgarbage()
assert(api.released() == before and #lib.swap(t, "b", nil) == 42)
collectgarbage()
t.a = nil
for _ = 1, 1000 do	-- a grace period later
	if api.released() > before then break end
	for _ = 1, 100 do api.box("process"):maysleep() end
end
assert(select(2, api.released()) == 0 and api.released() > before)
-- a class that this context has no use for can be stored all the same
t.o = api.box("process")
assert(t.o:maysleep() == true)
t.o = nil

-- tables in tables in tables
local outer = t
for i = 1, 50 do
	local inner = lib.table(1)
	inner.level = i
	outer.inner = inner
	outer = inner
end
outer = t
for i = 1, 50 do
	outer = outer.inner
	assert(outer.level == i)
end
outer = nil
t.inner = nil

-- the global tables
assert(lunatik._ENV.for_each == nil and t.for_each == nil)
local for_each = rcu.for_each
assert(type(for_each) == "function" and rcu["for_each"] and rcu.for_eac == nil)
rcu.for_each = "mine"	-- an entry like others
local n = 0
for_each(function(key, value) n = n + (key == "for_each" and value == "mine" and 1 or 0) end)
assert(rcu.for_each == "mine" and n == 1)
rcu.for_each = nil
assert(type(rcu.for_each) == "function")
assert(lib.add(rcu, "somekey", 2) == 2 and lib.add(lunatik._ENV, "somekey", 3) == 3)
assert(rcu.somekey == 2 and rcu["somekey"] == 2 and lunatik._ENV.somekey == 3)
assert(lib.swap(rcu, "somekey", nil) == 2 and lib.cas(lunatik._ENV, "somekey", 3, nil))
lunatik._ENV.rcu = rcu
assert(type(lunatik._ENV.rcu.for_each) == "function")
lunatik._ENV.rcu = nil
assert(lib.table == require "rcu".table and rcu ~= lib)
assert(#t == 0)
print "done"
