-- is killed at some moment, whatever it does then
local lib = require "rcu"
local t = rcu.torture
while rcu.torture do
	local own, other = lib.table(1), lib.table(1)	-- not t: no circle is left
	for i = 1, 300 do
		own["k" .. i] = i % 3 == 0 and other or ("x"):rep(i)
		own["k" .. i // 2] = nil
		t["victim" .. i] = own
		t["victim" .. i // 3] = nil
	end
	lib.map(own, function(key) own[key] = nil lib.swap(t, key, own) t[key] = nil end)
	for i = 1, 300 do t["victim" .. i] = nil end
end
