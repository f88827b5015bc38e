-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- Layouts of bytes with names for the fields.
--
--	local struct = require "struct"
--	local header = struct {">", {"source", "I2"}, {"port", "I2"}, {"sequence", "I4"}}
--	local s = header:pack {source = 1, port = 80, sequence = 7}
--	print(header:unpack(s).port, header.size, header:fieldsize("port"))	-- 80 8 2
--
-- A field is its name and a format of string.pack() of fixed size. A string among the
-- fields is for those that follow: "<", ">" or "=" says their byte order, "!n" how they are
-- aligned; by default they are in that of the host, without any space between them.
local Struct = {}
Struct.__index = Struct

local function bad(level, format, ...)
	error(("bad layout: " .. format):format(...), level + 1)
end

-- The bytes that format takes at the offset, the padding before it included.
local function sizeof(prefix, offset, format, name)
	local ok, size = pcall(string.packsize, prefix .. "c" .. offset .. format)
	if not ok then bad(3, "field '%s' has the format '%s': %s", name, format, size) end
	return size - offset
end

-- How many values the format takes: one, or it is no field.
local function isvalue(format)
	return format:find("^[bBhHiIlLjJT]%d*$") or format:find("^c%d+$")
end

-- A string or an object whose bytes tostring() gives
local function bytes(s, name)
	if type(s) == "string" then return s end
	if type(s) == "userdata" then return tostring(s) end
	error("bad argument #1 to '" .. name .. "' (string or data expected, got " .. type(s) .. ")", 3)
end

function Struct:pack(values)
	if type(values) ~= "table" then
		error("bad argument #1 to 'pack' (table expected, got " .. type(values) .. ")", 2)
	end
	local list = {}
	for i, field in ipairs(self.fields) do
		local value = values[field.name]
		if value == nil then error("field '" .. field.name .. "' is missing", 2) end
		local ok, s = pcall(string.pack, field.format, value)
		if not ok then
			error(("field '%s': %s"):format(field.name, s:gsub("^bad argument #2 to '.-' ", "")), 2)
		end
		list[i] = ("\0"):rep(field.padding) .. s
	end
	return table.concat(list)
end

-- A table of the fields, and the position behind the last.
function Struct:unpack(s, position)
	s = bytes(s, "unpack")
	position = position or 1
	if math.type(position) ~= "integer" or position < 1 then
		error("bad argument #2 to 'unpack' (a position from 1 on expected)", 2)
	end
	if position > #s + 1 or self.size > #s + 1 - position then
		error(("%d bytes wanted at position %d of %d"):format(self.size, position, #s), 2)
	end
	local values = {}
	for _, field in ipairs(self.fields) do
		values[field.name] = string.unpack(field.format, s, position + field.offset)
	end
	return values, position + self.size
end

function Struct:fieldsize(name)
	local field = self.byname[name]
	if not field then error("no field '" .. tostring(name) .. "'", 2) end
	return field.size
end

return function(layout)
	if type(layout) ~= "table" then
		error("bad argument #1 to 'struct' (table expected, got " .. type(layout) .. ")", 2)
	end
	local fields, byname, size, order, align = {}, {}, 0, "=", ""
	for i, field in ipairs(layout) do
		if type(field) == "string" then
			if field:find("^[<>=]$") then
				order = field
			elseif field:find("^!%d*$") then
				align = field
			else
				bad(2, "entry %d is '%s', neither '<', '>', '=', '!n' nor a field", i, field)
			end
		else
			local name = type(field) == "table" and field[1]
			local format = type(field) == "table" and field[2]
			if type(name) ~= "string" or type(format) ~= "string" then
				bad(2, "entry %d is no field {name, format}", i)
			end
			if byname[name] then bad(2, "two fields '%s'", name) end
			if not isvalue(format) then
				bad(2, "field '%s' has the format '%s', which is none of fixed size", name, format)
			end
			local whole = sizeof(order .. align, size, format, name)
			local own = sizeof(order, 0, format, name)
			local entry = {name = name, format = order .. format, size = own,
				padding = whole - own, offset = size + whole - own}
			size = size + whole
			fields[#fields + 1] = entry
			byname[name] = entry
		end
	end
	return setmetatable({fields = fields, byname = byname, size = size}, Struct)
end
