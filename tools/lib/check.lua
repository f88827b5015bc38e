-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- What the kernel's Lua would refuse of a script, found without loading it:
-- by the syntax of this Lua, which is the same, and by what is different.
local modules = require "modules"

local ROOT = "/lib/modules/lua/"

-- what standard Lua has and the kernel's has not
local MISSING = {
	io = true, os = true,
	math = {acos = true, asin = true, atan = true, cos = true, deg = true,
		exp = true, huge = true, log = true, modf = true, pi = true,
		rad = true, sin = true, sqrt = true, tan = true},
	debug = {debug = true, getregistry = true},
	package = {loadlib = true},
}

-- what each runtime has without a file or a module
local BUILTIN = {lunatik = true, ["lunatik.runner"] = true, _G = true, string = true, table = true, math = true,
	debug = true, coroutine = true, utf8 = true, package = true}

-- libraries of our own bindings, for where none is installed to ask
local KNOWN = {}
for name in ([[rcu linux thread device data fifo completion mailbox byteorder cpu
	signal struct set util net class io]]):gmatch("%S+") do
	KNOWN[name] = true
end

-- Calls found(kind, text, line) for each number, string, name and other
-- character that is outside comments; what is inside of no Lua is passed over.
local function scan(text, found)
	local at, line = 1, 1

	local function newlines(from, to)
		local piece = text:sub(from, to):gsub("\r\n", "\n"):gsub("\n\r", "\n"):gsub("\r", "\n")
		local _, count = piece:gsub("\n", "")
		return count
	end
	-- the end of a long bracket that begins here, or nil
	local function bracket()
		local level = text:match("^%[(=*)%[", at)
		if not level then
			return nil
		end
		local _, to = text:find("]" .. level .. "]", at, true)
		return to or #text, #level + 2
	end
	local function number()
		local hex = text:find("^0[xX]", at)
		local exponent = hex and "^[pP][+-]?" or "^[eE][+-]?"
		local to = hex and at + 2 or at
		while to <= #text do
			local _, e = text:find(exponent, to)
			e = e or select(2, text:find("^[%x.]", to))
			if not e then
				break
			end
			to = e + 1
		end
		return select(2, text:find("^[%w_]*", to))
	end
	local function quoted(quote)
		local to = at + 1
		while to <= #text do
			local c = text:sub(to, to)
			if c == quote or c == "\n" or c == "\r" then
				break
			elseif text:find("^\\z", to) then	-- skips what is blank
				to = select(2, text:find("^\\z%s*", to)) + 1
			elseif text:find("^\\\r\n", to) then
				to = to + 3
			else
				to = to + (c == "\\" and 2 or 1)
			end
		end
		return to
	end

	if text:find("^\xEF\xBB\xBF") then
		at = 4
	end
	if text:find("^#", at) then
		at = text:find("[\r\n]", at) or #text + 1
	end
	while at <= #text do
		local from, to = at, at
		local c = text:sub(at, at)
		if text:find("^%-%-", at) then
			at = at + 2
			to = bracket() or (text:find("[\r\n]", at) or #text + 1) - 1
		elseif c == "[" and bracket() then
			local skip
			to, skip = bracket()
			found("string", text:sub(at + skip, to - skip), line)
		elseif c == '"' or c == "'" then
			to = quoted(c)
			found("string", text:sub(at + 1, to - 1), line)
		elseif text:find("^%.?%d", at) then
			to = number()
			found("number", text:sub(at, to), line)
		elseif text:find("^[%a_]", at) then
			to = select(2, text:find("^[%w_]*", at))
			found("name", text:sub(at, to), line)
		elseif text:find("^%s+", at) then
			to = select(2, text:find("^%s+", at))
		elseif text:find("^%.%.+", at) then
			to = select(2, text:find("^%.%.+", at))
			found("other", text:sub(at, to), line)
		else
			found("other", c, line)
		end
		line = line + newlines(from, to)
		at = to + 1
	end
end

-- As the kernel says it.
local function badnumber(token)
	if math.type(tonumber(token)) ~= "float" then
		return nil
	end
	local what = token:find("^%d+$") and "integer out of range" or
		"numbers are integers in the kernel, malformed number"
	return what .. " near '" .. token .. "'"
end

-- What the compiler's listing says of globals that are not there.
local function globals(path, complain)
	local pipe <close> = io.popen("luac5.4 -l -p -- '" .. path:gsub("'", "'\\''") .. "' 2>/dev/null")
	local uses, own = {}, {}
	local register, library
	for text in pipe:lines() do
		local line, op, rest = text:match("^%s+%d+%s+%[(%d+)%]%s+(%u+)%s+(.*)$")
		if op == "GETTABUP" then
			local name
			register, name = rest:match('^(%d+) .*; _ENV "(.-)"')
			library = name and MISSING[name]
			if library == true then
				uses[#uses + 1] = {tonumber(line), name}
			elseif library then
				library = {name, library}
			end
		elseif op == "GETFIELD" and type(library) == "table" then
			local from, field = rest:match('^%d+ (%d+) .*; "(.-)"')
			if from == register and library[2][field] then
				uses[#uses + 1] = {tonumber(line), library[1] .. "." .. field, library[1]}
			end
			library = nil
		else
			if op == "SETTABUP" then
				own[rest:match('; _ENV "(.-)"') or ""] = true
			end
			library = nil
		end
	end
	for _, use in ipairs(uses) do
		if not own[use[3] or use[2]] then
			complain(use[1], "there is no '" .. use[2] .. "' in the kernel")
		end
	end
end

local function readable(path)
	local file <close> = io.open(path)
	return file and file:read("a") ~= nil	-- a directory can be opened
end

-- The file of a library in Lua, or true if it is another's, or nil.
local function library(name)
	local path = ROOT .. name:gsub("%.", "/")
	for _, file in ipairs {path .. ".lua", path .. "/init.lua"} do
		if readable(file) then
			return file
		end
	end
	if BUILTIN[name] or modules.provider(name) then
		return true
	end
	return #modules.installed() == 0 and KNOWN[name:match("^linux%.") and "linux" or name] or nil
end

local function contents(path)
	local file <close>, message = io.open(path, "rb")
	if not file then
		return nil, message
	end
	local text
	text, message = file:read("a")
	return text, message and path .. ": " .. message
end

-- The sentences "FILE:LINE: what" for a script and those in Lua that it
-- requires, in the order of the lines; or nil, and why it cannot be read.
local function check(path, seen)
	local text, message = contents(path)
	if not text then
		return nil, message
	end
	local complaints, required = {}, {}
	local function complain(line, what)
		complaints[#complaints + 1] = {line, #complaints, string.format("%s:%d: %s", path, line, what)}
	end

	local max = tonumber((contents("/sys/module/lunatik/parameters/script_max"))) or 1 << 20
	if #text > max then
		complain(1, string.format("%d bytes, script_max allows %d", #text, max))
	end
	if text:find("^\27") then
		complain(1, "precompiled chunks are refused, load the source")
		return {complaints[#complaints][3]}
	end

	local before, opened	-- "require", or the same with a parenthesis
	scan(text, function(kind, token, line)
		if kind == "number" then
			local what = badnumber(token)
			if what then
				complain(line, what)
			end
		elseif kind == "string" and before == "require" then
			required[#required + 1] = {line, token}
		end
		if not (kind == "other" and token == "(" and before == "require" and not opened) then
			opened = false
			before = kind == "name" and before ~= "." and before ~= ":" and token or
				kind == "other" and token or nil
		else
			opened = true
		end
	end)

	-- as a file's, so that a first line with '#' is passed over
	local parsed, wrong = loadfile(path, "t")
	if not parsed then
		local line, what = wrong:match(":(%d+): (.*)$")
		complain(tonumber(line) or 1, what or wrong)
	else
		globals(path, complain)
	end

	local deeper = {}
	for _, use in ipairs(required) do
		local file = library(use[2])
		if not file then
			complain(use[1], string.format(
				"module '%s' not found: no file of that name in %s, and no kernel module has it",
				use[2], ROOT))
		elseif file ~= true and not seen[file] then
			seen[file] = true
			for _, said in ipairs(check(file, seen) or {}) do
				deeper[#deeper + 1] = said
			end
		end
	end
	table.sort(complaints, function(a, b)
		return a[1] < b[1] or a[1] == b[1] and a[2] < b[2]
	end)
	local said = {}
	for i, complaint in ipairs(complaints) do
		said[i] = complaint[3]
	end
	return table.move(deeper, 1, #deeper, #said + 1, said)
end

return function(path)
	return check(path, {[path] = true})
end
