-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- Every way that a script has to recurse: a list of {name, function}. Each
-- goes as deep as it may and returns its depth and the message that ended it.
local stack = require "stack"
local rcu = require "rcu"

local list = {}
local depth
local M = {list = list, hitting = false}

local function deeper()
	depth = depth + 1
	if M.hitting then stack.hit() end
end

-- the last word of what a protected call returned: of many that caught each
-- other's error, the first that was one
local function said(ok, ...)
	local last
	for i = 1, select("#", ...) do
		local v = select(i, ...)
		if type(v) == "string" then last = v break end
	end
	return last or ("ended by itself: " .. tostring((...)))
end

local function add(name, f)
	list[#list + 1] = {name, function()
		depth = 0
		local msg = said(pcall(f))
		return depth, msg
	end}
end

-- f(again), where again is a function that does the same once more
local function recurse(name, f)
	add(name, function()
		local function again(...) deeper() return f(again, ...) end
		return again()
	end)
end

-- one metamethod that does what called it
local function meta(event, again)
	add(event:gsub("^__", "") .. "-" .. M.kind, function()
		local mt = {}
		mt[event] = function(a, b) deeper() return again(a, b) end
		local a = setmetatable({}, mt)
		return again(a, setmetatable({}, mt))
	end)
end

M.kind = "meta"
meta("__index", function(a) return a.x end)
meta("__newindex", function(a) a.x = 1 end)
meta("__call", function(a) return 1 + a() end)
meta("__concat", function(a, b) return a .. b end)
meta("__len", function(a) return #a end)
meta("__eq", function(a, b) return a == b end)
meta("__lt", function(a, b) return a < b end)
meta("__le", function(a, b) return a <= b end)
meta("__add", function(a, b) return a + b end)
meta("__unm", function(a) return -a end)
meta("__bnot", function(a) return ~a end)
meta("__tostring", function(a) return tostring(a) .. "" end)
meta("__pairs", function(a) return (pairs(a)) end)
M.kind = "lib"
meta("__tostring", function(a) return ("%s"):format(a) end)
meta("__index", function(a) return table.concat(a, "", 1, 2) end)
meta("__newindex", function(a) table.insert(a, 1) end)
meta("__len", function(a) return (table.unpack(a)) or table.concat(a) end)
meta("__lt", function(a, b) table.sort({b, a}) return false end)
meta("__concat", function(a, b) return "x" .. a .. "y" .. b .. "z" end)
M.kind = "print"
meta("__tostring", function(a) print(a) return "" end)
M.kind = "ipairs"
meta("__index", function(a) for _ in ipairs(a) do end end)
M.kind = "unpack"
meta("__index", function(a) return (table.unpack(a, 1, 2)) end)
M.kind = "move"
meta("__index", function(a) return table.move(a, 1, 2, 3) end)
M.kind = "gsub"
meta("__index", function(a) return (("x"):gsub("x", a)) end)
meta("__index", function(a) return (("(x)"):rep(9):gsub(("(x?)"):rep(20), a)) end)
list[#list][1] = "index-gsub-captures"
M.kind = "remove"
meta("__len", function(a) return table.remove(a) end)
M.kind = nil

-- no recursion, but a chain that is followed
add("index-chain", function()
	local t = setmetatable({}, {})
	for _ = 1, 5000 do deeper() t = setmetatable({}, {__index = t}) end
	return error(t.x or "ended by itself", 0)
end)
add("newindex-chain", function()
	local t = {}
	for _ = 1, 5000 do deeper() t = setmetatable({}, {__newindex = t}) end
	t.x = 1
end)
add("call-chain", function()
	local t = function() error("ended by itself", 0) end
	for _ = 1, 250 do deeper() t = setmetatable({}, {__call = t}) end
	return t()
end)

recurse("lua", function(again) return 1 + again() end)
recurse("pcall", function(again) return assert(pcall(again)) end)
recurse("xpcall", function(again) return assert(xpcall(again, function(m) return m end)) end)
recurse("xpcall-traceback", function(again) return xpcall(again, debug.traceback) end)
recurse("error-handlers", function(again) return xpcall(error, again) end)
recurse("error-handler-tail", function(again) return xpcall(again, again) end)
recurse("wrap", function(again) return coroutine.wrap(again)() end)
recurse("resume", function(again) return assert(coroutine.resume(coroutine.create(again))) end)
recurse("wrap-pcall", function(again) return coroutine.wrap(pcall)(again) end)
recurse("close-coroutine", function(again)
	local co = coroutine.create(function()
		local _ <close> = setmetatable({}, {__close = again})
		coroutine.yield()
	end)
	coroutine.resume(co)
	local ok, e = coroutine.close(co)
	if not ok then error(e, 0) end
end)
recurse("wrap-close", function(again)
	return coroutine.wrap(function() local _ <close> = setmetatable({}, {__close = again}) end)()
end)
recurse("close", function(again) local _ <close> = setmetatable({}, {__close = again}) end)
recurse("close-erring", function(again)
	local _ <close> = setmetatable({}, {__close = again})
	error("x", 0)
end)
recurse("gsub", function(again) return (("x"):gsub("x", again)) end)
recurse("gsub-balance", function(again) return (("(x)"):gsub("%b()%f[%z]", again)) end)
recurse("gsub-captures", function(again)
	return (("x"):rep(32):gsub(("(x)"):rep(32), again))
end)
recurse("sort", function(again) table.sort({2, 1}, again) return false end)
recurse("sort-many", function(again)
	local t = {}
	for i = 1, 200 do t[i] = i % 7 end
	table.sort(t, function(a, b) again() return a < b end)
end)
recurse("load-reader", function(again)
	local _, e = load(again)
	if e then error(e, 0) end
end)
-- the reader is called from as deep as the parser is
recurse("load-reader-nested", function(again)
	local n = 0
	local _, e = load(function()
		n = n + 1
		if n == 1 then return "return " end
		if n <= 6 then return "{" end
		return again()
	end)
	if e then error(e, 0) end
end)
recurse("load-text", function(again)
	return assert(load("local f = ... return {{{{{1 .. (f() or 1)}}}}}"))(again)
end)
add("require", function()
	local n = 0
	local function loader() deeper() n = n + 1 package.preload["stack-" .. n] = loader return require("stack-" .. n) end
	package.preload["stack-0"] = loader
	return require "stack-0"
end)
add("require-searcher", function()
	local n = 0
	package.searchers[1] = function() deeper() n = n + 1 return require("stack-s" .. n) end
	return require "stack-s0"
end)
add("gc", function()
	local function f() deeper() setmetatable({}, {__gc = f}) collectgarbage() end
	f()
	error("ended by itself: finalizers do not nest", 0)
end)
recurse("iterator", function(again) for _ in again do end end)
recurse("map", function(again)
	local t = rcu.table()
	t.x = 1
	rcu.map(t, again)
end)
recurse("method-box", function(again) stack.box():call(again) end)
add("method-same-box", function()
	local box = stack.box()
	local function again() deeper() box:call(again) end
	box:call(again)
end)
add("method-box-pcall", function()
	local box = stack.box()
	local function again() deeper() assert(pcall(box.call, box, again)) end
	box:call(again)
end)
recurse("select", function(again) return select("#", again()) end)
recurse("unpack", function(again) return table.unpack({again()}) end)
recurse("name", function(again)
	return tostring(setmetatable({}, {__name = ("x"):rep(200), __tostring = again}))
end)
recurse("warn", function(again) warn("@off") warn(tostring(setmetatable({}, {__tostring = again}))) end)
recurse("assert", function(again) assert(pcall(again)) end)
-- hooks are off in a hook, but not in a coroutine that one makes
add("hooks", function()
	local function hook()
		deeper()
		local co = coroutine.create(function() local _ = 1 _ = 2 end)
		debug.sethook(co, hook, "l")
		local ok, e = coroutine.resume(co)
		if not ok then error(e, 0) end
	end
	hook()
end)
add("hooks-count", function()
	local function hook()
		deeper()
		local co = coroutine.create(function() for _ = 1, 9 do end end)
		debug.sethook(co, hook, "", 1)
		local ok, e = coroutine.resume(co)
		if not ok then error(e, 0) end
	end
	hook()
end)

-- --- texts and patterns: nested more and more, until that is refused
local function more(name, attempt, most)
	add(name, function()
		for n = 1, most or 600 do
			local f, e = attempt(n)
			if not f then error(e, 0) end
			depth = n
		end
		error("ended by itself: no limit up to " .. (most or 600), 0)
	end)
end

local function nested(name, before, middle, after, last)
	more("parse-" .. name, function(n)
		return load((last or "") .. before:rep(n) .. (middle or "") .. after:rep(n))
	end)
end

nested("parentheses", "(", "1", ")", "return ")
nested("tables", "{", "", "}", "return ")
nested("table-values", "{x = ", "1", "}", "return ")
nested("table-keys", "{[", "1", "] = 1}", "return ")
nested("functions", "return function() ", "", "end ")
nested("local-functions", "local function f() ", "", "end ")
nested("methods", "function a.b.c:d() ", "", "end ")
nested("arguments", "a(", "", ")", "return ")
nested("method-arguments", "a:b(", "", ")", "return ")
nested("table-calls", "a{", "", "}", "return ")
nested("brackets", "a[", "1", "]", "return ")
nested("bracket-assign", "a[", "1", "]", "local a; a.x = ")
nested("not", "not ", "1", "", "return ")
nested("minus", "- ", "1", "", "return ")
nested("len", "#", "a", "", "return ")
nested("bnot", "~", "a", "", "return ")
nested("concat", "a .. ", "a", "", "return ")
nested("power", "a ^ ", "a", "", "return ")
nested("mixed-unary", "not -#~", "a", "", "return ")
nested("and", "a and (", "a", ")", "return ")
nested("compare", "a < (a + (", "a", "))", "return ")
nested("constants", "1 + (2 * (", "3", "))", "return ")
nested("do", "do ", "", "end ")
nested("if", "if a then ", "", "end ")
nested("elseif", "if a then elseif b then ", "", "end ")
nested("else", "if a then else ", "", "end ")
nested("while", "while a do ", "", "end ")
nested("for", "for i = 1, 2 do ", "", "end ")
nested("for-in", "for k, v in a do ", "", "end ")
nested("repeat", "repeat ", "", "until a ")
nested("close", "do local x <close> = a ", "", "end ")
nested("assignment", "a, ", "a = 1", "", "")
-- a name of all the functions around is looked up through them, by recursion
nested("functions-global", "return function() ", "return a ", "end ")
nested("functions-upvalue", "return function() ", "return a ", "end ", "local a ")
nested("functions-args", "f(function() ", "return a + b ", "end) ", "local a; ")
-- no more levels than fit, but what is looked at in there takes more
nested("functions-in-tables", "{function() return ", "{a}", " end}", "return ")
-- the look-up ends in the outermost function, where it makes an upvalue for each
nested("local-functions-upvalue", "local function f() ", "return a ", "end ", "local a ")
nested("methods-upvalue", "function b:d() ", "return a ", "end ", "local a, b ")
nested("methods-long", "function a.b.c.d.e.f:g(h, ...) ", "", "end ")
nested("close-if", "if a then local x <close> = a ", "", "end ")
nested("close-call", "do local x <close> = a(", "", ") end ")
nested("attribs", "do local x <const>, y <close> = 1, a ", "", "end ")
nested("goto", "do goto x ", "", "::x:: end ")
-- what the parser calls meanwhile: the collector, and with it finalizers
more("parse-finalizers", function(n)
	for _ = 1, 20 do
		setmetatable({}, {__gc = function() error(("x"):rep(100)) end})
	end
	return load("return " .. ("{'" .. ("y"):rep(50) .. n .. "', "):rep(n) .. ("}"):rep(n))
end, 200)
more("parse-finalizers-warned", function(n)
	warn("@on")
	collectgarbage("setpause", 1)
	for _ = 1, 5 do
		setmetatable({}, {__gc = function() error("in a finalizer") end})
	end
	collectgarbage("step")
	local f, e = load("return " .. ("{'y" .. n .. "', "):rep(n) .. ("}"):rep(n))
	if not f then collectgarbage("setpause", 200) end
	return f, e
end, 200)

more("match-optional", function(n) return pcall(string.match, ("x"):rep(n), ("x?"):rep(n)) end, 2000)
more("match-captures", function(n) return pcall(string.find, "x", ("("):rep(n) .. "x" .. (")"):rep(n)) end)
more("match-lazy", function(n) return pcall(string.find, ("a"):rep(20), ("a-"):rep(n) .. "$") end, 400)
more("match-star", function(n) return pcall(string.find, "aaa", ("a*"):rep(n) .. "b") end, 30)
more("match-capture-star", function(n) return pcall(string.find, ("a"):rep(n), ("(.-)*"):rep(n) .. "$") end, 8)
more("match-balance", function(n) return pcall(string.find, ("(x)"):rep(n), ("%b()"):rep(n)) end, 2000)
more("match-frontier", function(n) return pcall(string.find, ("x "):rep(n), ("%f[%w]x%s"):rep(n)) end, 2000)
more("match-sets", function(n) return pcall(string.find, ("x"):rep(n), ("[a-z]?"):rep(n)) end, 2000)
more("gmatch-optional", function(n) return pcall(string.gmatch(("x"):rep(n), ("x?"):rep(n))) end, 2000)

return M
