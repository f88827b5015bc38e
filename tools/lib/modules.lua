-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- The kernel modules of Lunatik: which there are, to load and to remove them.
local say = require "say"

local modules = {}

-- loaded in this order, and before all bindings
local FIRST = {"lunatik", "luadrv", "luarcu"}

local function contents(path)
	local file <close> = io.open(path)
	return file and file:read("a")
end

function modules.isroot()
	return (contents("/proc/self/status") or ""):find("\nUid:%s+%d+%s+0%s") ~= nil
end

-- The directory of the kernel that runs.
function modules.directory()
	return "/lib/modules/" .. (contents("/proc/sys/kernel/osrelease") or "?"):gsub("%s+$", "")
end

-- How a module is there, "loaded" or "built in", and the version it says it
-- has; false if it is not.
function modules.state(name)
	local version = contents("/sys/module/" .. name .. "/version")
	local how = contents("/sys/module/" .. name .. "/initstate") and "loaded" or
		version and "built in"
	return how or false, version and version:match("%S+")
end

-- Runs a program: whether it ended well, and what it said in one line.
local function program(...)
	local words = {...}
	for i, word in ipairs(words) do
		words[i] = "'" .. word:gsub("'", "'\\''") .. "'"
	end
	local pipe <close> = io.popen(table.concat(words, " ") .. " 2>&1 </dev/null")
	local said = pipe:read("a"):gsub("%s+$", ""):gsub("\n", "; ")
	local ok, how = pipe:close()
	if how == "signal" then
		say.fail(say.INTERRUPTED, "interrupted")
	end
	return ok, said
end

-- Those that are installed for this kernel: the first, then each whose name
-- begins with "lua" and that wants lunatik.ko, in the order of the alphabet.
function modules.installed()
	local found, names = {}, {}
	for line in (contents(modules.directory() .. "/modules.dep") or ""):gmatch("[^\n]+") do
		local name, rest = line:match("([^/]+)%.ko[^:]*:(.*)")
		name = name and name:gsub("-", "_")
		if name and (name == "lunatik" or name == "luadrv" or
			     name:find("^lua") and rest:find("/lunatik%.ko")) then
			found[name] = true
		end
	end
	for _, name in ipairs(FIRST) do
		if found[name] or modules.state(name) then
			names[#names + 1] = name
		end
		found[name] = nil
	end
	local bindings = {}
	for name in pairs(found) do
		bindings[#bindings + 1] = name
	end
	table.sort(bindings)
	return table.move(bindings, 1, #bindings, #names + 1, names)
end

-- Those whose state is told: the installed ones, and the first in any case.
function modules.known()
	local names, seen = {table.unpack(FIRST)}, {}
	for _, name in ipairs(names) do
		seen[name] = true
	end
	for _, name in ipairs(modules.installed()) do
		if not seen[name] then
			names[#names + 1] = name
		end
	end
	return names
end

-- Which kernel module has a library for require, or nil.
function modules.provider(library)
	local symbol = "symbol:lunatik_lib_" .. library:gsub("%.", "_")
	for line in (contents(modules.directory() .. "/modules.symbols") or ""):gmatch("[^\n]+") do
		local what, name = line:match("^alias (%S+) (%S+)$")
		if what == symbol then
			return name
		end
	end
	return nil
end

local function mayload(what)
	if not modules.isroot() then
		say.fail(say.FAILED, "permission denied, only root may " .. what .. " modules")
	end
end

function modules.load()
	local names = modules.installed()
	local wanted = {}
	for _, name in ipairs(names) do
		if not modules.state(name) then
			wanted[#wanted + 1] = name
		end
	end
	if #wanted == 0 and modules.state("lunatik") then
		return
	end
	mayload("load")
	if names[1] ~= "lunatik" then
		say.fail(say.FAILED, "no modules are installed for this kernel in " ..
			modules.directory() .. ", are lunatik-dkms and the kernel's headers?")
	end
	for _, name in ipairs(wanted) do
		local ok, said = program("modprobe", name)
		if not ok then
			say.fail(say.FAILED, said ~= "" and said or "modprobe " .. name .. " failed")
		end
	end
end

-- What /proc/modules says of those that are ours: the count, and who uses them.
local function loaded()
	local ours, all = {}, {}
	for _, name in ipairs(modules.known()) do
		ours[name] = true
	end
	for line in (contents("/proc/modules") or ""):gmatch("[^\n]+") do
		local name, count, users = line:match("^(%S+) %d+ (%S+) (%S+)")
		if ours[name] then
			all[name] = {count = tonumber(count) or 0, users = users}
		end
	end
	return all, ours
end

-- The processes whose scripts run in the threads "luadrv/PID".
local function writers()
	local found = {}
	local pipe <close> = io.popen("cat /proc/[0-9]*/comm 2>/dev/null")
	for line in pipe:lines() do
		found[#found + 1] = line:match("^luadrv/(%d+)$")
	end
	return found
end

-- Open files of the devices that are ours, each "comm[pid] has /dev/NAME open".
-- Told by their numbers: a device that was stopped has no name any more.
local function openers()
	local misc = (contents("/sys/class/misc/luadrv/dev") or ""):match("%d+:%d+")
	local major = (contents("/proc/devices") or ""):match("\n *(%d+) lunatik\n")
	local own = (contents("/proc/self/stat") or ""):match("^%d+")
	local found, seen = {}, {}
	local pipe <close> = io.popen("stat -L -c '%t:%T %n' /proc/[0-9]*/fd/* 2>/dev/null")
	for line in pipe:lines() do
		local t, T, path, pid = line:match("^(%x+):(%x+) (/proc/(%d+)/fd/%d+)$")
		t, T = tonumber(t or "", 16), tonumber(T or "", 16)
		if t and (t == tonumber(major) or t .. ":" .. T == misc) then
			local _, name = program("readlink", path)
			-- gone is who had inherited it from us, as we may have
			local comm = pid ~= own and contents("/proc/" .. pid .. "/comm")
			local reason = comm and string.format("%s[%s] has %s open", comm:match("[^\n]*"),
				pid, (name:gsub(" %(deleted%)$", "")))
			if reason and not seen[reason] then
				seen[reason] = true
				found[#found + 1] = reason
			end
		end
	end
	return found
end

-- Why modules are still there, each reason a part of a sentence.
local function holders(all, ours, runtimes)
	local reasons = {}
	local function add(...)
		reasons[#reasons + 1] = string.format(...)
	end
	for name, module in pairs(all) do
		for user in module.users:gmatch("[^,-][^,]*") do
			if not ours[user] then
				add("module %s uses %s", user, name)
			end
		end
	end
	for _, opener in ipairs(openers()) do
		add("%s", opener)
	end
	for _, pid in ipairs(writers()) do
		add("the script of process %s runs", pid)
	end
	for _, runtime in ipairs(runtimes() or {}) do
		if runtime.name ~= "/dev/luadrv" then
			add("runtime '%s' is still there", runtime.name)
		end
	end
	table.sort(reasons)
	local counts = {}
	for name, module in pairs(all) do
		if module.count > 0 and (module.users == "-" or #reasons == 0) then
			counts[#counts + 1] = string.format("module %s is in use", name)
		end
	end
	table.sort(counts)
	return table.concat(table.move(counts, 1, #counts, #reasons + 1, reasons), ", ")
end

-- Removes those that nobody uses until none is left, or says what holds the
-- rest. What was freed may take a moment until it lets go of its module.
function modules.unload(runtimes)
	mayload("remove")
	local deadline = os.time() + 2
	while true do
		local all, ours = loaded()
		local removed = false
		for name, module in pairs(all) do
			if module.count == 0 and program("rmmod", name) then
				removed = true
			end
		end
		if next(all) == nil then
			return
		end
		if not removed then
			if os.time() > deadline then
				say.fail(say.FAILED, "cannot unload: " .. holders(all, ours, runtimes))
			end
			program("sleep", "0.1")
		end
	end
end

return modules
