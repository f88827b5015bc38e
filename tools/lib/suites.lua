-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- The tests that a machine has of its own kernel: scripts that raise if
-- something is wrong, each in a runtime of its own. Prints KTAP.
local DIRECTORY = "/lib/modules/lua/tests/"

-- The names of the suites that are installed, sorted.
local function installed()
	local names = {}
	local pipe <close> = io.popen("cd " .. DIRECTORY .. " 2>/dev/null && ls -1")
	for line in pipe:lines() do
		names[#names + 1] = line:match("^([%w_-]+)%.lua$")
	end
	return names
end

-- What its first lines say that it needs, a library that no module has; or nil.
local function wants(modules, text)
	for library in text:gmatch("\n%-%- needs ([%w_.]+)") do
		local provider = modules.provider(library)
		if not provider or not modules.state(provider) then
			return library
		end
	end
	return nil
end

return function(kernel, say, options, ...)
	local modules = require "modules"
	local names = select("#", ...) > 0 and {...} or installed()
	if #names == 0 then
		say.fail(say.FAILED, "no tests in " .. DIRECTORY .. ", is lunatik-scripts installed?")
	end
	local texts = {}
	for i, name in ipairs(names) do
		local file <close> = name:find("^[%w_-]+$") and io.open(DIRECTORY .. name .. ".lua")
		texts[i] = file and file:read("a")
		if not texts[i] then
			say.fail(say.FAILED, "no tests of that name: " .. name)
		end
	end
	local failed = 0
	kernel.open():close()	-- or there is no plan
	print("KTAP version 1\n1.." .. #names)
	for i, name in ipairs(names) do
		local library = wants(modules, texts[i])
		if library then
			print(string.format("ok %d - %s # SKIP no module with '%s' is loaded", i, name, library))
		else
			local file <close> = kernel.open()
			local output, message, printed = kernel.run(file, texts[i])
			io.write(((output or printed or ""):gsub("([^\n]*)\n", "# %1\n")))
			print((output and "ok " or "not ok ") .. i .. " - " .. name)
			if not output then
				failed = failed + 1
				local sentence, traceback = kernel.sentence(message, name)
				print("# " .. sentence)
				if options.traceback and traceback then
					print((traceback:gsub("[^\n]+", "# %0")))
				end
			end
		end
		io.stdout:flush()
	end
	if failed > 0 then
		say.fail(say.FAILED, failed .. " of " .. #names .. " failed")
	end
end
