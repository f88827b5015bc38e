-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- IPv4 addresses: four decimal numbers with dots, and the same as an integer in the byte
-- order of the host, as linux.ifaddr and sockets have it.
--
--	local net = require "net"
--	print(net.aton("127.0.0.1") == 0x7f000001, net.ntoa(0x7f000001))
local net = {}

-- No leading zeros: others take such a number for an octal one.
local function octet(digits)
	if digits == "0" or digits:find("^[1-9]%d?%d?$") then
		local n = math.tointeger(tonumber(digits))
		return n <= 255 and n or nil
	end
end

function net.aton(address)
	if type(address) ~= "string" then
		error("bad argument #1 to 'aton' (string expected, got " .. type(address) .. ")", 2)
	end
	local a, b, c, d = address:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$")
	if a then
		a, b, c, d = octet(a), octet(b), octet(c), octet(d)
		if a and b and c and d then return a << 24 | b << 16 | c << 8 | d end
	end
	error(("bad argument #1 to 'aton' (no IPv4 address: %q)"):format(address:sub(1, 64)), 2)
end

function net.ntoa(address)
	if math.type(address) ~= "integer" then
		error("bad argument #1 to 'ntoa' (integer expected, got " .. type(address) .. ")", 2)
	end
	if address < 0 or address > 0xffffffff then
		error("bad argument #1 to 'ntoa' (an IPv4 address has 32 bits, not " .. address .. ")", 2)
	end
	return ("%d.%d.%d.%d"):format(address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255)
end

return net
