-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- Every way to recurse: handler(way) goes as deep as it may, and returns
-- "depth left painted message".
local limits = require "limits"
local rcu = require "rcu"

local depth		-- of the way that is gone
local ways = {}

local function deeper() depth = depth + 1 end

-- With one metamethod, which does the same again.
local function metamethod(event, again)
	return function()
		local mt = {}
		mt[event] = function(a, b) deeper() return again(a, b) end
		return again(setmetatable({}, mt), setmetatable({}, mt))
	end
end

ways.index = metamethod("__index", function(a) return a.x end)
ways.newindex = metamethod("__newindex", function(a) a.x = 1 end)
ways.call = metamethod("__call", function(a) return 1 + a() end)
ways.concat = metamethod("__concat", function(a, b) return a .. b end)
ways.len = metamethod("__len", function(a) return #a end)
ways.eq = metamethod("__eq", function(a, b) return a == b end)
ways.lt = metamethod("__lt", function(a, b) return a < b end)
ways.le = metamethod("__le", function(a, b) return a <= b end)
ways.add = metamethod("__add", function(a, b) return a + b end)
ways.unm = metamethod("__unm", function(a) return -a end)
ways.tostring = metamethod("__tostring", function(a) return tostring(a) .. "" end)
ways.format = metamethod("__tostring", function(a) return ("%s"):format(a) end)
ways.pairs = metamethod("__pairs", function(a) return (pairs(a)) end)
ways.ipairs = metamethod("__index", function(a) for _ in ipairs(a) do end end)
ways.unpack = metamethod("__index", function(a) return (table.unpack(a, 1, 2)) end)
ways["table.concat"] = metamethod("__index", function(a) return table.concat(a, "", 1, 2) end)
ways["table.insert"] = metamethod("__newindex", function(a) table.insert(a, 1) end)
ways["table.move"] = metamethod("__index", function(a) return table.move(a, 1, 2, 3) end)
ways["gsub by a table"] = metamethod("__index", function(a) return (("x"):gsub("x", a)) end)

function ways.pcall() local function f() deeper() return pcall(f) end return f() end
function ways.xpcall() local function f() deeper() return xpcall(f, print) end return f() end
function ways.error_handlers() local function f() deeper() return xpcall(error, f) end return f() end
function ways.coroutines() local function f() deeper() return coroutine.wrap(f)() end return f() end
function ways.resumes()
	local function f() deeper() return coroutine.resume(coroutine.create(f)) end
	return f()
end
function ways.closed_coroutines()
	local function f()
		deeper()
		local co = coroutine.create(function()
			local x <close> = setmetatable({}, {__close = f})
			coroutine.yield()
		end)
		coroutine.resume(co)
		return select(2, coroutine.close(co))
	end
	return f()
end
function ways.closed_variables()
	local function f() deeper() local x <close> = setmetatable({}, {__close = f}) end
	return f()
end
function ways.gsub() local function f() deeper() return (("x"):gsub("x", f)) end return f() end
function ways.sort()
	local function f() deeper() table.sort({2, 1}, f) return false end
	return f()
end
function ways.load()
	local function f() deeper() local g, e = load(f) if e then error(e, 0) end end
	return f()
end
function ways.require()
	local n = 0
	package.searchers[1] = function() return function() deeper() n = n + 1 return require("a" .. n) end end
	return require "a"
end
function ways.finalizers()
	local function f() deeper() setmetatable({}, {__gc = f}) collectgarbage() end
	return f()
end
function ways.iterators() local function f() deeper() for _ in f do end return nil end return f() end
function ways.map()
	local t = rcu.table()
	t.x = 1
	local function f() deeper() rcu.map(t, f) end
	return f()
end
function ways.runtimes() deeper() return lunatik.runtime("t/limits/nested"):resume() end
function ways.lua() local function f() deeper() return 1 + f() end return f() end

-- A text, or pattern, that is nested n times, more and more until it is refused.
local function more(attempt)
	return function()
		for n = 1, 2000 do
			local ok, msg = attempt(n)
			if not ok then error(msg, 0) end
			depth = n
		end
		return "no limit up to 2000"
	end
end

local function parser(first, last, middle)
	return more(function(n) return load(first:rep(n) .. (middle or "") .. (last or ""):rep(n)) end)
end

ways["parser: parentheses"] = more(function(n) return load("return " .. ("("):rep(n) .. "1" .. (")"):rep(n)) end)
ways["parser: tables"] = more(function(n) return load("return " .. ("{"):rep(n) .. ("}"):rep(n)) end)
ways["parser: functions"] = more(function(n) return load(("return function() "):rep(n) .. ("end "):rep(n)) end)
ways["parser: arguments"] = more(function(n) return load("return " .. ("a("):rep(n) .. (")"):rep(n)) end)
ways["parser: brackets"] = more(function(n) return load("return " .. ("a["):rep(n) .. "1" .. ("]"):rep(n)) end)
ways["parser: not"] = more(function(n) return load("return " .. ("not "):rep(n) .. "1") end)
ways["parser: concat"] = more(function(n) return load("return " .. ("a .. "):rep(n) .. "a") end)
ways["parser: power"] = more(function(n) return load("return " .. ("a ^ "):rep(n) .. "a") end)
ways["parser: do"] = parser("do ", "end ")
ways["parser: if"] = parser("if a then ", "end ")
ways["parser: while"] = parser("while a do ", "end ")
ways["parser: for"] = parser("for i = 1, 2 do ", "end ")
ways["parser: repeat"] = parser("repeat ", "until a ")
ways["pattern: optionals"] = more(function(n)
	return pcall(string.match, ("x"):rep(n), ("x?"):rep(n))
end)
ways["pattern: captures"] = more(function(n)
	return pcall(string.find, "x", ("("):rep(n) .. "x" .. (")"):rep(n))
end)

function names()
	local list = {}
	for name in pairs(ways) do list[#list + 1] = name end
	table.sort(list)
	return list
end

local function go(way)
	local last = table.pack(ways[way]())
	for i = 1, last.n do
		if type(last[i]) == "string" then return last[i] end
	end
	return "(" .. type(last[last.n]) .. ")"
end

function handler(way)
	depth = 0
	local painted = limits.paint()
	local ok, msg = pcall(go, way)
	return ("%d %d %d %s"):format(depth, limits.left(), painted, tostring(msg):gsub("\n.*", ""))
end

return function(way) return way and handler(way) or table.concat(names(), ";") end
