-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- Writes squares into the table that all scripts share, until the reader of
-- examples/reader.lua has seen enough. Needs luarcu.ko. Run both at once:
--
--	# cd /lib/modules/lua/examples && (lunatik <writer.lua & lunatik <reader.lua; wait) | sort
--	reader: read ... values, every one a square
--	reader: the writer was seen at work in ... of 200 rounds
--	writer: wrote ... values
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
