-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- Small things for scripts and their tests.
local util = {}

local function checkstring(value, name)
	if type(value) ~= "string" then
		error("bad argument #1 to '" .. name .. "' (string expected, got " .. type(value) .. ")", 3)
	end
end

-- Two lower-case digits for each byte.
function util.bin2hex(s)
	checkstring(s, "bin2hex")
	return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

-- A byte for each two digits, of either case. Raises for anything else.
function util.hex2bin(s)
	checkstring(s, "hex2bin")
	if #s % 2 ~= 0 then
		error("bad argument #1 to 'hex2bin' (an odd number of digits, " .. #s .. ")", 2)
	end
	local bad = s:find("%X")
	if bad then
		error(("bad argument #1 to 'hex2bin' (no hexadecimal digit at %d)"):format(bad), 2)
	end
	return (s:gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end))
end

-- Prints what, a colon, and the other values with spaces between them.
function util.log(what, ...)
	local values = table.pack(...)
	for i = 1, values.n do values[i] = tostring(values[i]) end
	print(tostring(what) .. ": " .. table.concat(values, " "))
end

-- Runs f and logs "PASS: name", or "FAIL: name" with the message. Returns whether it passed,
-- and the message.
function util.test(name, f)
	local ok, message = pcall(f)
	if ok then
		util.log("PASS", name)
		return true
	end
	util.log("FAIL", name, message)
	return false, message
end

return util
