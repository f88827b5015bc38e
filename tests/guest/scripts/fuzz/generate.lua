-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- A program from a seed: the same one each time, in the kernel and in a Lua
-- with floats. What it does is mostly wrong, at length, and to the libraries.

local state

-- xorshift: 64 bits that are good enough to choose from
local function random(n)
	state = state ~ (state << 13)
	state = state ~ (state >> 7)
	state = state ~ (state << 17)
	return (state >> 1) % n + 1
end

local function pick(list) return list[random(#list)] end
local function chance(percent) return random(100) <= percent end

local names = {"a", "b", "c", "d", "x", "y", "t", "u"}
local integers = {"0", "1", "-1", "2", "3", "7", "10", "63", "64", "65", "100", "255", "256", "1000",
	"65536", "1 << 20", "1 << 31", "1 << 32", "1 << 40", "1 << 62", "-(1 << 31)",
	"math.maxinteger", "math.mininteger", "0x7fffffff", "0xffffffffffffffff"}
local strings = {'""', '"x"', '"abc"', '"a b c"', '"10"', '"0x10"', '"-1"', '"1e5"', '"\\0"', '"\\xff\\xfe"',
	'"\\u{7FFFFFFF}"', '"äöü"', '"%d%s%q"', '"k"', '"n"', '"__index"', '("x"):rep(100)',
	'("ab"):rep(1000)', '("x"):rep(70000)', '("\\0"):rep(50)'}
local patterns = {".", ".-", ".*", "%a+", "%d*", "[a-z]", "[^%s]", "()", "(.)(.)", "(.)%1", "%b()",
	"%f[%w]", "x?", "x*", "^x", "x$", "[]]", "[%", "%", "(", ")", "%g+", "(.-)(.-)b", "[\\0-\\xff]*",
	"a?a?a?a?aaaa", "%9", "%f", "[^a-", "[%a-z]", ".-b", "(a*(.)%w(%s*))"}
local formats = {"%d", "%5d", "%-5d", "%05d", "%+d", "% d", "%x", "%X", "%#x", "%o", "%c", "%i", "%u",
	"%s", "%10s", "%-10s", "%.3s", "%.0s", "%q", "%%", "%p", "%99d", "%.99d", "%100d", "%a", "%f", "%g",
	"%e", "%", "%y", "%5", "%-", "%.20s", "%99.99s", "%10q", "%#o", "%#q", "%0s"}
local packs = {"b", "B", "h", "H", "i", "I", "l", "L", "j", "J", "T", "s", "z", "x", "X", "!", "<", ">", "=",
	" ", "i1", "i3", "i7", "i8", "i16", "i17", "I16", "s1", "s2", "s8", "c0", "c1", "c10", "c1000", "!1",
	"!2", "!16", "!17", "Xi4", "Xb", "f", "d", "n", "k", "c", "i0", "!3", "c999999999999"}
local events = {"__index", "__newindex", "__call", "__concat", "__len", "__eq", "__lt", "__le", "__add",
	"__sub", "__mul", "__div", "__mod", "__pow", "__idiv", "__band", "__bor", "__bxor", "__shl", "__shr",
	"__unm", "__bnot", "__close", "__gc", "__mode", "__name", "__tostring", "__metatable", "__pairs"}
local binary = {"+", "-", "*", "/", "//", "%", "^", "&", "|", "~", "<<", ">>", "..", "==", "~=", "<",
	"<=", ">", ">=", "and", "or"}
local unary = {"-", "not ", "#", "~"}
local calls = {"string.len", "string.sub", "string.rep", "string.reverse", "string.lower", "string.upper",
	"string.byte", "string.char", "string.find", "string.match", "string.gsub", "string.gmatch",
	"string.format", "string.pack", "string.unpack", "string.packsize", "table.concat", "table.insert",
	"table.remove", "table.sort", "table.unpack", "table.pack", "table.move", "utf8.char", "utf8.len",
	"utf8.codepoint", "utf8.offset", "utf8.codes", "math.abs", "math.max", "math.min", "math.ult",
	"math.random", "math.randomseed", "math.tointeger", "math.type", "select", "tostring", "tonumber",
	"next", "pairs", "ipairs", "rawget", "rawset", "rawequal", "rawlen", "setmetatable", "getmetatable",
	"type", "assert", "error", "pcall", "xpcall", "load", "require", "collectgarbage", "warn",
	"coroutine.create", "coroutine.wrap", "coroutine.resume", "coroutine.yield", "coroutine.status",
	"coroutine.close", "coroutine.running", "coroutine.isyieldable", "debug.traceback", "debug.getinfo",
	"debug.getlocal", "debug.setlocal", "debug.getupvalue", "debug.setupvalue", "debug.upvalueid",
	"debug.upvaluejoin", "debug.getmetatable", "debug.setmetatable", "debug.gethook", "debug.sethook",
	"debug.getuservalue", "debug.setuservalue", "R.table", "R.map", "R.for_each", "R.add", "R.cas",
	"R.swap", "R.insert", "lunatik.status", "lunatik.runtime"}
local collect = {"collect", "stop", "restart", "count", "step", "setpause", "setstepmul", "isrunning",
	"generational", "incremental", "nothing"}

local expression, block, value

local function list(n, make, ...)
	local items = {}
	for i = 1, n do items[i] = make(...) end
	return table.concat(items, ", ")
end

local function func(depth)
	return ("function(%s) %s end"):format(pick {"", "a", "a, b", "...", "a, ..."}, block(depth + 1, random(3)))
end

local function constructor(depth)
	local items = {}
	for i = 1, random(5) - 1 do
		items[i] = pick {
			function() return expression(depth + 1) end,
			function() return pick(names) .. " = " .. expression(depth + 1) end,
			function() return "[" .. value(depth + 1) .. "] = " .. value(depth + 1) end,
		}()
	end
	return "{" .. table.concat(items, ", ") .. "}"
end

local function metatable(depth)
	local items = {}
	for i = 1, random(3) do
		local event = pick(events)
		local how = func(depth + 1)
		if event == "__mode" then how = pick {'"k"', '"v"', '"kv"'}
		elseif event == "__name" then how = value(depth + 1)
		elseif chance(20) then how = value(depth + 1) end
		items[i] = event .. " = " .. how
	end
	return ("setmetatable(%s, {%s})"):format(constructor(depth + 1), table.concat(items, ", "))
end

local function joined(choices, n)
	local s = {}
	for i = 1, random(n) do s[i] = pick(choices) end
	return '"' .. table.concat(s) .. '"'
end

-- A call whose arguments are of the kinds that it wants, more or less.
local special = {
	function(d) return ("string.find(%s, %s, %s)"):format(value(d), joined(patterns, 3), pick(integers)) end,
	function(d) return ("string.gsub(%s, %s, %s, %s)"):format(value(d), joined(patterns, 3), pick {value(d), func(d), constructor(d)}, pick(integers)) end,
	function(d) return ("string.match(%s, %s)"):format(pick(strings), joined(patterns, 4)) end,
	function(d) return ("string.rep(%s, %s, %s)"):format(pick(strings), pick(integers), pick(strings)) end,
	function(d) return ("string.format(%s, %s)"):format(joined(formats, 4), list(random(4), value, d)) end,
	function(d) return ("string.pack(%s, %s)"):format(joined(packs, 4), list(random(4), value, d)) end,
	function(d) return ("string.unpack(%s, %s, %s)"):format(joined(packs, 4), pick(strings), pick(integers)) end,
	function(d) return ("string.packsize(%s)"):format(joined(packs, 6)) end,
	function(d) return ("table.sort(%s, %s)"):format(constructor(d), func(d)) end,
	function(d) return ("table.concat(%s, %s, %s, %s)"):format(constructor(d), pick(strings), pick(integers), pick(integers)) end,
	function(d) return ("table.unpack(%s, %s, %s)"):format(constructor(d), pick(integers), pick(integers)) end,
	function(d) return ("table.move(%s, %s, %s, %s)"):format(value(d), pick(integers), pick(integers), pick(integers)) end,
	function(d) return ("coroutine.wrap(%s)(%s)"):format(func(d), value(d)) end,
	function(d) return ("coroutine.resume(coroutine.create(%s), %s)"):format(func(d), value(d)) end,
	function(d) return ("coroutine.close(coroutine.create(%s))"):format(func(d)) end,
	function(d) return ("pcall(%s, %s)"):format(func(d), value(d)) end,
	function(d) return ("xpcall(%s, %s, %s)"):format(func(d), func(d), value(d)) end,
	function(d) return ("load(%s, %s, %s)"):format(pick {pick(strings), func(d), ("%q"):format("return " .. value(d)), '("("):rep(300)', 'string.rep("do ", 200)', '"\\27Lua"'}, pick(strings), pick {'"t"', '"b"', "nil", '"bt"'}) end,
	function(d) return ("collectgarbage(%q, %s, %s)"):format(pick(collect), pick(integers), pick(integers)) end,
	function(d) return ("debug.sethook(%s, %q, %s)"):format(pick {func(d), "nil"}, pick {"", "c", "r", "l", "crl"}, pick {"0", "1", "7", "1000", "-1"}) end,
	function(d) return ("select(%s, %s)"):format(pick {"'#'", pick(integers)}, list(random(4), value, d)) end,
	function(d) return ("R.map(%s, %s)"):format(pick {"T", "T", "rcu", value(d)}, func(d)) end,
	function(d) return ("R.add(T, %s, %s)"):format(pick(strings), pick(integers)) end,
	function(d) return ("R.cas(T, %s, %s, %s)"):format(pick(strings), value(d), value(d)) end,
	function(d) return ("R.swap(%s, %s, %s)"):format(pick {"T", "rcu"}, pick(strings), value(d)) end,
	function(d) return ("utf8.char(%s)"):format(list(random(4), pick, integers)) end,
	function(d) return ("tostring(%s)"):format(metatable(d)) end,
	function(d) return ("error(%s, %s)"):format(value(d), pick(integers)) end,
}

function value(depth)
	local n = random(12)

	if n <= 4 then return pick(names) end
	if n <= 7 then return pick(integers) end
	if n <= 9 then return pick(strings) end
	if n == 10 then return pick {"nil", "true", "false", "rcu", "T", "R", "print", "_G", "_ENV", "string", "coroutine.running()"} end
	if depth > 4 then return "1" end
	if n == 11 then return constructor(depth + 1) end
	return chance(50) and metatable(depth + 1) or func(depth + 1)
end

function expression(depth)
	local n = random(12)

	if depth > 4 or n <= 3 then return value(depth) end
	if n <= 5 then return ("(%s %s %s)"):format(expression(depth + 1), pick(binary), expression(depth + 1)) end
	if n == 6 then return ("(%s%s)"):format(pick(unary), expression(depth + 1)) end
	if n == 7 then return ("(%s)[%s]"):format(value(depth + 1), value(depth + 1)) end
	if n == 8 then return ("T[%s]"):format(value(depth + 1)) end
	if n == 9 then return ("%s(%s)"):format(pick(calls), list(random(4) - 1, value, depth + 1)) end
	if n == 10 then return ("(%s)(%s)"):format(value(depth + 1), list(random(3) - 1, value, depth + 1)) end
	return pick(special)(depth + 1)
end

local endless = {
	"while true do end", "for i = 1, math.maxinteger do a = i end", "repeat until false", "goto top",
	'("a"):rep(30):find(("a?"):rep(30) .. ("a"):rep(30))',
	"local function f() return f() end f()", "local function f() return 1 + f() end f()",
	"local function f() return pcall(f) end f()", "while true do pcall(error) end",
	"local s = 'x' while true do s = s .. s end", "local h = {} while true do h[#h + 1] = {h} end",
	"setmetatable({}, {__gc = function() while true do end end}) collectgarbage()",
	"table.sort({3, 2, 1}, function() while true do end end)",
}

local statements = {
	function(d) return ("%s = %s"):format(pick(names), expression(d)) end,
	function(d) return ("%s = %s"):format(pick(names), metatable(d)) end,
	function(d) return ("%s, %s = %s, %s"):format(pick(names), pick(names), expression(d), expression(d)) end,
	function(d) return ("local %s = %s"):format(pick(names), expression(d)) end,
	function(d) return ("local v <close> = %s"):format(pick {"nil", metatable(d), "setmetatable({}, {__close = " .. func(d) .. "})"}) end,
	function(d) return ("(%s)[%s] = %s"):format(pick(names), value(d), expression(d)) end,
	function(d) return ("T[%s] = %s"):format(value(d), value(d)) end,
	function(d) return ("rcu[%s] = %s"):format(pick(strings), value(d)) end,
	function(d) return ("local _ = %s"):format(pick(special)(d)) end,
	function(d) return ("local _ = %s"):format(pick(special)(d)) end,
	function(d) return ("pcall(%s, %s)"):format(pick(calls), list(random(4), value, d)) end,
	function(d) return ("pcall(function() %s end)"):format(block(d + 1, random(4))) end,
	function(d) return ("pcall(function() %s end)"):format(block(d + 1, random(4))) end,
	function(d) return ("if %s then %s else %s end"):format(expression(d), block(d + 1, random(3)), block(d + 1, 1)) end,
	function(d) return ("for i = %s, %s, %s do %s if i then break end end"):format(pick(integers), pick(integers), pick(integers), block(d + 1, 2)) end,
	function(d) return ("for i = 1, %d do %s end"):format(random(5), block(d + 1, random(3))) end,
	function(d) return ("for k, v in pairs(%s) do %s end"):format(pick {"T", pick(names), constructor(d), "rcu"}, block(d + 1, random(2))) end,
	function(d) return ("for k in %s do %s break end"):format(expression(d), block(d + 1, 1)) end,
	function(d) return ("do %s end"):format(block(d + 1, random(3))) end,
	function(d) return ("coroutine.yield(%s)"):format(value(d)) end,
	function(d) return ("local r = lunatik.runtime('t/fuzz/child') r:resume(%s) r:stop()"):format(value(d)) end,
}

function block(depth, n)
	local lines = {}

	if depth > 3 then return pick(names) .. " = " .. value(depth) end
	for i = 1, n do lines[i] = pick(statements)(depth) end
	if chance(8) then lines[#lines + 1] = "do return " .. value(depth) .. " end" end
	return table.concat(lines, "; ")
end

return function(seed)
	state = seed * 0x9E3779B97F4A7C15 ~ 0x2545F4914F6CDD1D
	if state == 0 then state = 1 end
	random(2)

	local lines = {"::top:: local R = require 'rcu'", "local T = R.table()",
		"local a, b, c, d, x, y, t, u = 1, 'x', {}, print, 0, ('y'):rep(50), {1, 2, 3}, T"}
	for i = 1, 4 + random(16) do
		local text = block(1, random(3))
		lines[#lines + 1] = chance(85) and ("pcall(function(...) %s end)"):format(text) or
			("do %s end"):format(text)
	end
	if chance(4) then table.insert(lines, random(#lines - 3) + 3, "do " .. pick(endless) .. " end") end
	return table.concat(lines, "\n")
end
