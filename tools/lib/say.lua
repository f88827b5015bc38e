-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- How the command ends, and what it says.
local say = {}

say.FAILED = 1		-- the message says why
say.USAGE = 2		-- the command line is wrong
say.UNLOADED = 3	-- the modules are not loaded
say.INTERRUPTED = 130	-- by Ctrl-C, as of a shell's other commands

-- Ends the command with that status and a sentence; what is to be cleaned up
-- on the way has variables that are closed.
function say.fail(status, message, traceback)
	error({status = status, message = message, traceback = traceback}, 0)
end

local escapes = {['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t"}

-- A string of JSON: bytes that are no UTF-8 become U+FFFD.
local function quote(s)
	local out, at = {}, 1
	while at <= #s do
		local valid, bad = utf8.len(s, at)
		local to = valid and #s or bad - 1
		local piece = s:sub(at, to):gsub('[%c"\\\127]', function(c)
			return escapes[c] or string.format("\\u%04x", c:byte())
		end)
		out[#out + 1] = piece
		at = to + 1
		if not valid then
			out[#out + 1] = "\\ufffd"
			at = at + 1
		end
	end
	return '"' .. table.concat(out) .. '"'
end

-- JSON of strings, integers, booleans, arrays that say so by a field 'n', and
-- of tables, whose keys are sorted.
function say.json(value)
	if type(value) == "string" then
		return quote(value)
	elseif type(value) ~= "table" then
		return value == nil and "null" or tostring(value)
	end
	local parts = {}
	if value.n then
		for i = 1, value.n do
			parts[i] = say.json(value[i])
		end
		return "[" .. table.concat(parts, ", ") .. "]"
	end
	for key, field in pairs(value) do
		parts[#parts + 1] = quote(key) .. ": " .. say.json(field)
	end
	table.sort(parts)
	return "{" .. table.concat(parts, ", ") .. "}"
end

return say
