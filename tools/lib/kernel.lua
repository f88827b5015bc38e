-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- What is asked of the kernel: scripts through /dev/luadrv, and /proc/lunatik.
local say = require "say"
local modules = require "modules"

local kernel = {}

local DEVICE = "/dev/luadrv"

-- A session of the device: one state for all that is run in it if it is to be
-- kept, else one for each.
function kernel.open(keep)
	local file, message, errno = io.open(DEVICE, keep and "a+" or "r+")
	if file then
		file:setvbuf("full", 1 << 20)
		return file
	end
	if not modules.state("luadrv") then
		say.fail(say.UNLOADED, "the modules are not loaded, try 'lunatik load'")
	end
	if errno == 1 or errno == 13 then	-- EPERM, EACCES
		say.fail(say.FAILED, DEVICE .. (modules.isroot() and
			": not permitted, it takes CAP_SYS_MODULE and a kernel that is not locked down" or
			": permission denied, only root may use it"))
	end
	if errno == 6 or errno == 19 then	-- ENXIO, ENODEV
		say.fail(say.UNLOADED, "the module lunatik is not loaded, try 'lunatik load'")
	end
	say.fail(say.FAILED, message)
end

-- Runs a script in a session: what it printed and returned; or nil, why it
-- failed, and what it printed before.
function kernel.run(file, script)
	local ok, message = file:write(script)
	if ok then
		ok, message = file:flush()
	end
	if not ok then
		return nil, message
	end
	-- the first read waits for the end, and fails if the script did
	local output
	output, message = file:read("a")
	if output then
		return output
	end
	return kernel.split(file:read("a") or "", message)
end

-- Takes apart what a script that failed has left: its message is a line or,
-- if others follow that begin with a tab, some; then comes the traceback. What
-- it printed stands before, what its finalizers did behind.
function kernel.split(text, errno)
	local lines, last = {}, nil
	for line in text:gmatch("([^\n]*)\n") do
		lines[#lines + 1] = line
		last = line == "stack traceback:" and #lines or last
	end
	local first = last or #lines
	while first > 1 and (lines[first] == "stack traceback:" or lines[first]:find("^\t")) do
		first = first - 1
	end
	local stop = (last or #lines) + 1
	while lines[stop] and lines[stop]:find("^\t") do
		stop = stop + 1
	end
	local message = table.concat(lines, "\n", first, stop - 1)
	local printed = table.concat(lines, "\n", 1, first - 1)
	local after = table.concat(lines, "\n", stop)
	if printed ~= "" then
		printed = printed .. "\n"
	end
	if after ~= "" then
		printed = printed .. after .. "\n"
	end
	return nil, message ~= "" and message or errno, printed
end

-- The message, and its traceback or nil; what is called the device is that name.
function kernel.sentence(message, name)
	local text, traceback = message:match("^(.-)\n(stack traceback:\n.*)$")
	text = text or message
	-- the first is that of the script that was run, others are ours
	if traceback then
		traceback = traceback:match("^(.-)\nstack traceback:") or traceback
	end
	if name then
		text = text:gsub(DEVICE .. ":", name .. ":")
		traceback = traceback and traceback:gsub(DEVICE .. ":", name .. ":")
	else
		text = text:gsub("^" .. DEVICE .. ":%d+: ", "")
	end
	return (text:gsub("%s+$", "")), traceback
end

-- Runs a script of ours in a session of its own, or fails as it did.
function kernel.ask(script)
	local file <close> = kernel.open()
	local output, message = kernel.run(file, script)
	if not output then
		say.fail(say.FAILED, kernel.sentence(message))
	end
	return (output:gsub("\n$", ""))
end

-- Calls a function of lunatik.runner with arguments that are strings, integers,
-- nil, or text of Lua in a table.
function kernel.runner(call, ...)
	local arguments = table.pack(...)
	for i = 1, arguments.n do
		local argument = arguments[i]
		arguments[i] = type(argument) == "table" and argument[1] or
			string.format("%q", argument)
	end
	return kernel.ask(string.format([[
local call = require("lunatik.runner").%s
if not call then
	error("there is no 'lunatik.runner.%s' in this version of Lunatik", 0)
end
return call(%s)]], call, call, table.concat(arguments, ", ", 1, arguments.n)))
end

-- The names of the scripts that run, in the order in which they were started.
function kernel.scripts()
	local names = {n = 0}
	for name in (kernel.runner("list") .. ", "):gmatch("(.-), ") do
		if name ~= "" then
			names.n = names.n + 1
			names[names.n] = name
		end
	end
	return names
end

-- All runtimes as /proc/lunatik has them, or nil and why not.
function kernel.runtimes()
	local file, message = io.open("/proc/lunatik")
	if not file then
		return nil, message
	end
	local keys, runtimes = {}, {n = 0}
	for key in file:read("l"):gmatch("%S+") do
		keys[#keys + 1] = key
	end
	for line in file:lines() do
		local runtime, at = {}, 0
		for value in line:gmatch("%S+") do
			at = at + 1
			runtime[keys[at]] = keys[at] ~= "name" and math.tointeger(tonumber(value)) or
				value:gsub("\\(%d%d%d)", function(octal)
					return string.char(tonumber(octal, 8))
				end)
		end
		runtimes.n = runtimes.n + 1
		runtimes[runtimes.n] = runtime
	end
	file:close()
	return runtimes
end

return kernel
