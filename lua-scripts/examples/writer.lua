-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- Writes squares into the table that all scripts share, until the reader of
-- examples/reader.lua has seen enough. Needs luarcu.ko. Run both at once:
--
--	cat /lib/modules/lua/examples/writer.lua > /dev/luadrv &
--	cat /lib/modules/lua/examples/reader.lua > /dev/luadrv
local rounds = 0

while not rcu.enough do
	rounds = rounds + 1
	for i = 1, 100 do
		rcu["square" .. i] = i * i
		rcu.last = i
	end
	if rounds == 100000 then
		error("nobody reads")
	end
end

print("writer: wrote " .. rounds * 100 .. " values")
for i = 1, 100 do
	rcu["square" .. i] = nil
end
rcu.last = nil
rcu.enough = nil
