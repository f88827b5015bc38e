-- walks the table under torture until it is gone; says how often
local lib = require "rcu"
local t = rcu.torture
local mine = "w" .. tostring({}):match("%x+$")

local function check(seen, key, value)
	if key:byte() ~= 112 then	-- 'p'
		return 0
	end
	assert(not seen[key], key)
	seen[key] = true
	local n = key:sub(2)
	if math.type(value) then
		assert(value >> 32 == tonumber(n), key)
	elseif type(value) == "string" then
		assert(value:match("^(%d+):") == n, key)
	end
	return 1
end

local walks = 0
repeat
	local seen, n = {}, 0
	lib.map(t, function(key, value)
		n = n + check(seen, key, value)
		if n % 50 == 0 then
			t[mine .. n] = walks % 2 == 0 and key or nil
		end
	end)
	assert(n == 256, n)
	seen, n = {}, 0
	for key, value in pairs(t) do
		n = n + check(seen, key, value)
	end
	assert(n == 256, n)
	lib.add(t, "walks", 1)
	local old = lib.swap(t, mine, walks)
	assert(old == (walks > 0 and walks - 1 or nil), old)
	assert(not lib.cas(t, mine, walks + 1, 0) and lib.cas(t, mine, walks, walks))
	assert(not lib.insert(t, mine, true))
	walks = walks + 1
until not rcu.torture
print(walks > 0 and "walked" or "never")
