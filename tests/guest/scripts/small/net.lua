-- SPDX-License-Identifier: MIT OR GPL-2.0-only
local raises = require "t/raises"
local MAX, MIN = math.maxinteger, math.mininteger
local net = require "net"
for text, n in pairs {["0.0.0.0"] = 0, ["127.0.0.1"] = 0x7f000001, ["255.255.255.255"] = 0xffffffff,
		["1.2.3.4"] = 0x01020304, ["192.168.10.100"] = 0xc0a80a64} do
	assert(net.aton(text) == n and net.ntoa(n) == text)
end
for _, text in ipairs {"", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.1.1.256", "01.2.3.4", "1.2.3.04", "00.0.0.0",
		"1.2.3.4 ", " 1.2.3.4", "1.2.3.4\0", "1..3.4", ".1.2.3", "1.2.3.", "-1.2.3.4", "+1.2.3.4", "0x1.2.3.4",
		"a.b.c.d", "1.2.3.1000", ("9"):rep(1000) .. ".1.1.1", "1,2,3,4", "::1", ("1"):rep(100000)} do
	raises("no IPv4 address", net.aton, text)
end
raises("string expected, got nil", net.aton)
raises("string expected, got number", net.aton, 1)
for _, n in ipairs {-1, 1 << 32, MAX, MIN} do raises("has 32 bits, not " .. n, net.ntoa, n) end
raises("integer expected, got string", net.ntoa, "1")
raises("integer expected, got nil", net.ntoa)
print "done"
