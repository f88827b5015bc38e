#!/usr/bin/lua5.4
-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- session.lua FILE: does what a session in a shell shows, and compares. Lines
-- that begin with '# ' are commands, which '> ' continues; after them stands what they print, and
-- '(exit N)' if they fail. '...' stands for anything within a line. Of a
-- script in Lua it is the lines of the comment at its top that begin with a
-- tab. Prints what was different, and fails if anything was.
local path = assert(arg[1])

local lines = {}
for line in assert(io.open(path)):lines() do
	if path:find("%.lua$") then
		if not line:find("^%-%-") then
			break
		end
		line = line:match("^%-%-\t(.*)$")
	end
	lines[#lines + 1] = line
end

local function run(command)
	local pipe = assert(io.popen(string.format("exec 2>&1 </dev/null; %s", command)))
	local output = pipe:read("a")
	local _, how, status = pipe:close()
	if status ~= 0 then
		output = output .. "(" .. how .. " " .. status .. ")\n"
	end
	return output
end

local function matches(output, wanted)
	local pattern = wanted:gsub("%p", "%%%0"):gsub("%%%.%%%.%%%.", "[^\n]*")
	return output:find("^" .. pattern .. "$") ~= nil
end

local at, commands, different = 1, 0, 0
while lines[at] do
	local command = assert(lines[at]:match("^# (.*)$"), path .. ": no command: " .. lines[at])
	local wanted = ""
	at = at + 1
	while lines[at] and lines[at]:find("^> ") do
		command = command .. "\n" .. lines[at]:sub(3)
		at = at + 1
	end
	while lines[at] and not lines[at]:find("^# ") do
		wanted = wanted .. lines[at] .. "\n"
		at = at + 1
	end
	commands = commands + 1
	local output = run(command)
	if not matches(output, wanted) then
		different = different + 1
		io.write("# ", command, "\ngot:\n", output, "wanted:\n", wanted)
	end
end
if commands == 0 then
	print(path .. ": no command in it")
end
os.exit(commands > 0 and different == 0)
