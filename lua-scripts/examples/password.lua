-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- A device that makes passwords: each time it is read, one of 16 characters.
-- Anybody may read it.
--
--	# lunatik run examples/password
--	# cat /dev/password | wc -c
--	17
--	# test "$(cat /dev/password)" != "$(cat /dev/password)"
--	# head -c 4 /dev/password | wc -c
--	4
--	# lunatik stop examples/password
--	# test -e /dev/password
--	(exit 1)
local device = require "device"
local linux = require "linux"

-- without those that look like another
local CHARACTERS <const> = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

local driver = {name = "password", mode = 292}	-- r--r--r--

function driver.read(_, len, off)
	if off > 0 then
		return ""	-- one is enough
	end
	local password = {}
	for i = 1, 16 do
		local n = linux.random(1, #CHARACTERS)
		password[i] = CHARACTERS:sub(n, n)
	end
	return (table.concat(password) .. "\n"):sub(1, len)
end

device.new(driver)
