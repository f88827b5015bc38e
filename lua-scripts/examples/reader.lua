-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- Reads what examples/writer.lua writes at the same time, without ever
-- waiting for it, and checks each value:
--
--	# cd /lib/modules/lua/examples && (lunatik <writer.lua & lunatik <reader.lua; wait) | sort
--	reader: read ... values, every one a square
--	reader: the writer was seen at work in ... of 200 rounds
--	writer: wrote ... values
local seen, last = 0, 0

for _ = 1, 100000 do
	if rcu.last then
		break
	end
end

local first = rcu.last
for _ = 1, 200 do
	for i = 1, 100 do
		local value = rcu["square" .. i]
		if value then
			assert(value == i * i, "a value that nobody wrote")
			seen = seen + 1
		end
	end
	if rcu.last ~= first then
		last = last + 1
	end
end
rcu.enough = true

print("reader: read " .. seen .. " values, every one a square")
print("reader: the writer was seen at work in " .. last .. " of 200 rounds")
