-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- The prompt: what is typed runs in the kernel, all of it in one Lua state that
-- the session of the device keeps, and that ends with it, however that is.
local say = require "say"
local kernel = require "kernel"

local HISTORY = (os.getenv("HOME") or "/root") .. "/.lunatik_history"

-- Whether the text is the beginning of something longer, as lua(1) tells.
local function incomplete(text)
	local parsed, message = load(text, "=stdin", "t")
	return not parsed and message:find("<eof>$") ~= nil
end

-- A function that asks for a line, and one for the end, by what is installed:
-- the library readline with history, or the terminal as it is.
local function editor()
	local found, readline = pcall(require, "readline")
	if found and pcall(readline.set_options, {histfile = HISTORY, keeplines = 1000,
						 completion = false, auto_add = true}) then
		return readline.readline, function()
			pcall(readline.save_history)
		end
	end
	return function(mark)
		io.stdout:write(mark):flush()
		return io.read("l")
	end, function() end
end

-- rlwrap edits lines for those who have none: true if it ran the whole prompt.
local function wrapped(command)
	if os.getenv("LUNATIK_WRAPPED") or pcall(require, "readline") or
		not os.execute("command -v rlwrap >/dev/null 2>&1") then
		return false
	end
	local _, how, status = os.execute(string.format(
		"LUNATIK_WRAPPED=1 exec rlwrap -C lunatik -H '%s' '%s'",
		HISTORY:gsub("'", "'\\''"), command:gsub("'", "'\\''")))
	os.exit(how == "exit" and status or say.INTERRUPTED)
end

local function complain(text)
	io.stdout:flush()
	io.stderr:write(text, "\n")
end

-- Runs a text: an expression if it is one, so that its values are shown.
local function evaluate(file, text, traceback)
	if not text:find("%S") then
		return
	end
	local expression = "return " .. text
	local output, message, printed = kernel.run(file,
		load(expression, "=stdin", "t") and expression or text)
	io.write(output or printed or "")
	if not output then
		local sentence, trace = kernel.sentence(message, "stdin")
		complain(sentence)
		if traceback and trace then
			complain(trace)
		end
	end
end

-- lua5.4 takes one Ctrl-C for an error, and dies of the next; who has readline
-- has luaposix as well, by which each is noted.
local interrupts = 0

local function catch()
	local found, signal = pcall(require, "posix.signal")
	if found then
		signal.signal(signal.SIGINT, function()
			interrupts = interrupts + 1
		end)
	end
end

local prompt = {}

-- The lines of a terminal, until it says that there are no more.
function prompt.terminal(command, version, traceback)
	if wrapped(command) then
		return
	end
	local file <close> = kernel.open(true)
	local ask, done = editor()
	catch()
	print(version .. ": each line runs in the kernel, Ctrl-D ends")
	local text
	while true do
		local before = interrupts
		local ok, line = pcall(ask, text and ">> " or "> ")
		if ok and interrupts > before and line then
			text = nil
		elseif not ok and not tostring(line):find("interrupted") then
			error(line, 0)
		elseif not ok then
			text = nil
			print()
		elseif not line then
			print()
			break
		else
			text = text and text .. "\n" .. line or line
			if load("return " .. text, "=stdin", "t") or not incomplete(text) then
				-- Ctrl-C ends what runs there, and this goes on
				local ran, why = pcall(evaluate, file, text, traceback)
				text = nil
				if not ran and not tostring(why):find("interrupted") then
					error(why, 0)
				end
			end
		end
	end
	done()
end

-- All of standard input as one script.
function prompt.script()
	local file <close> = kernel.open()
	local text = io.read("a")
	local output, message, printed = kernel.run(file, text)
	io.write(output or printed or "")
	if not output then
		say.fail(say.FAILED, kernel.sentence(message, "stdin"))
	end
end

return prompt
