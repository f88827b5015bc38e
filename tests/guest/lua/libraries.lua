-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- The libraries, require and files.
local function raises(pattern, f, ...)
	local ok, message = pcall(f, ...)
	assert(not ok, "did not raise, wanted: " .. pattern)
	assert(tostring(message):find(pattern), message)
end

assert(not io and not os and not debug.debug and not debug.getregistry)
assert(package.path == "/lib/modules/lua/?.lua;/lib/modules/lua/?/init.lua")
assert(require "lunatik" == lunatik)
assert(package.loaded.string == string and package.loaded._G == _G and #package.searchers == 3)

-- strings
assert(("abc"):upper() == "ABC" and ("x"):rep(3, ",") == "x,x,x" and ("abc"):byte(2) == 98)
assert(("hello world"):find("o w") == 5 and ("k=v"):match("(%w)=(%w)") == "k")
assert(("abc"):gsub("%w", "%0%0") == "aabbcc" and ("THE (quick) fox"):find("%((%a+)%)") == 5)
assert(("a.b"):find(".", 1, true) == 2 and ("aXbX"):find("X", 3) == 4 and not ("abc"):find("abcd"))
assert(("abc"):find("") == 1 and ("abc"):find("", 10) == nil and ("abc"):find("", 4) == 4)
assert(select(2, ("hello"):find("ll")) == 4 and ("aab"):find("ab", -2) == 2 and ("abc"):find("c", -100) == 3)
assert(("x"):rep(0) == "" and ("a,b"):gsub(",", {[","] = ";"}) == "a;b")
local words = {}
for w in ("one two"):gmatch("%a+") do words[#words + 1] = w end
assert(table.concat(words, "-") == "one-two")
raises("too large", string.rep, "x", 1 << 40)
raises("too complex", string.match, ("x"):rep(300), ("(x?)"):rep(30) .. ("x?"):rep(200) .. "y")
assert(utf8.char(228, 8364) == "ä€" and utf8.len("ä€") == 2 and not utf8.len("\xff"))

-- tables
local t = {3, 1, 2}
table.sort(t)
assert(table.concat(t, ",") == "1,2,3" and select("#", table.unpack(t)) == 3)
table.sort(t, function(a, b) return a > b end)
assert(table.concat(t) == "321" and table.remove(t) == 1 and #table.move(t, 1, 2, 3) == 4)
raises("invalid order function", function()
	local many = {}
	for i = 1, 200 do many[i] = i end
	table.sort(many, function() return true end)
end)
raises("too many results", table.unpack, {}, 1, 1 << 30)

-- coroutines, metatables, close, goto
local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end)
assert(co(1) == 2 and co(4) == 8)
raises("dead coroutine", co)
local closed
do local x <close> = setmetatable({}, {__close = function() closed = true end}) end
assert(closed)
local gone
setmetatable({}, {__gc = function() gone = true end})
collectgarbage()
assert(gone)
for i = 1, 3 do if i == 2 then goto continue end assert(i ~= 2) ::continue:: end
assert(select(2, xpcall(error, function(m) return m .. "!" end, "e")) == "e!")

-- every way to recurse ends in an error that can be caught
local deep = {}
function deep.lua() return 1 + deep.lua() end
function deep.pcall() local ok, m = pcall(deep.pcall) error(m, 0) end
function deep.coroutine() return coroutine.wrap(deep.coroutine)() end
function deep.gsub() return ("a"):gsub("a", deep.gsub) end
function deep.sort() table.sort({1, 2, 3}, deep.sort) end
function deep.load() local f, m = load(function() deep.load() end) error(m, 0) end
local mt = {}
mt.__index = function() return setmetatable({}, mt).x end
mt.__concat = function(a, b) return a .. b end
mt.__tostring = function(a) return tostring(a) end
mt.__eq = function(a, b) return a == setmetatable({}, mt) end
mt.__close = function() local x <close> = setmetatable({}, mt) end
function deep.index() return setmetatable({}, mt).x end
function deep.concat() return setmetatable({}, mt) .. "x" end
function deep.tostring() return tostring(setmetatable({}, mt)) end
function deep.eq() return setmetatable({}, mt) == setmetatable({}, mt) end
function deep.close() local x <close> = setmetatable({}, mt) end
for _, open in ipairs {"(", "{", "a=function() ", "if x then ", "- ", "not ", "a..", "2^", "a[", "do ", "f{"} do
	deep["parse " .. open] = function()
		assert(load((open:find("^[aid].* $") and "" or "x=") .. open:rep(1000)))
	end
end
for name, f in pairs(deep) do
	local ok, m = pcall(f)
	assert(not ok, name)
	assert(tostring(m):find("overflow"), name .. ": " .. tostring(m))
	-- and a handler may be called for it
	ok, m = xpcall(f, function(m) return "handled " .. tostring(m):sub(-300) end)
	assert(not ok and tostring(m):find("overflow"), name .. ": " .. tostring(m))
end

-- memory is a quota
local ok, m = pcall(function()
	local all = {}
	for i = 1, 1 << 20 do all[i] = ("x"):rep(1 << 16) .. i end
end)
assert(not ok and m == "not enough memory", m)
collectgarbage()
assert(collectgarbage("count") < 1 << 20)

-- weak keys that lead to each other, in an order that takes many looks: all stay
do
	local n, objects, tables, order, where = 1000, {}, {}, {}, {}
	for i = 1, n + 1 do objects[i] = {} end
	for i = 1, n do table.insert(order, math.random(i), i) end
	for k, i in ipairs(order) do
		local t = setmetatable({}, {__mode = "k"})
		for j = 1, 33 do t["field" .. j] = true end
		t[objects[i]] = objects[i + 1]
		tables[k], where[i] = t, k
	end
	local at = objects[1]
	objects = nil
	collectgarbage()
	for i = 1, n do at = assert(tables[where[i]][at], i) end
end
collectgarbage()

-- an address is hashed, the same in all its forms, and another one for each object
do
	local t, seen = {}, {}
	local address = ("%p"):format(t)
	assert(address:match("^0x%x+$") and #address == 18, address)
	assert(tostring(t) == "table: " .. address and ("%p"):format(t) == address)
	assert(("%20p"):format(t) == "  " .. address and ("%-20p"):format(t) == address .. "  ")
	assert(("%p"):format(1) == "(null)" and ("%8p"):format(nil) == "  (null)")
	assert(tostring(print):match("^function: 0x%x+$"))
	for i = 1, 500 do
		local new = {}
		assert(not seen[tostring(new)])
		seen[tostring(new)], seen[i] = true, new
	end
end

-- the debug library reaches scripts only
local before = math.random(1000000)
assert(debug.setupvalue(math.random, 1, nil) == nil and before)
assert(math.random(5) <= 5)
local it = ("abc"):gmatch(".")
for i = 1, 3 do assert(debug.setupvalue(it, i, nil) == nil) end
assert(it() == "a")
local n = 0
for i = 1, 3 do
	for j = 1, 20 do
		local name = debug.getlocal(1, j)
		if name and name:find("^%(for") then
			assert(debug.setlocal(1, j, {}) == nil)
		end
	end
	n = n + i
end
assert(n == 6)
local function local_of(x) debug.setlocal(1, 1, "set") return x end
assert(local_of("x") == "set" and select(2, debug.getlocal(1, 1)) == raises)
local _ = ("abc"):gsub("b", function()
	for i = 1, 10 do assert(debug.getlocal(2, i) == nil and debug.setlocal(2, i, 1) == nil) end
end)
-- nothing, many times
assert((""):rep(1 << 60) == "" and (""):rep(3, "") == "" and ("x"):rep(-1) == "")
raises("too large", string.rep, "", 1 << 60, "x")

-- require and files
raises("module 'no.such' not found:.*no/such.lua.*no loaded kernel module provides 'no.such'", require, "no.such")
raises("not found", require, "../../x")
raises("not found", require, ("x"):rep(200))
raises("bad argument", require)
package.preload.mine = function(name, extra) return name .. extra end
assert(require "mine" == "mine:preload:" and package.loaded.mine)
local lib, from = require "examples.testlib"
assert(lib.answer == 42 and from == "/lib/modules/lua/examples/testlib.lua")
assert(require "examples.testlib" == lib)
assert(package.searchpath("examples.testlib", package.path) == from)
local no, tried = package.searchpath("no.such", "/lib/modules/lua/?.lua;/lib/modules/lua/?/x.lua")
assert(no == nil and tried == "\n\tno file '/lib/modules/lua/no/such.lua'\n\tno file '/lib/modules/lua/no/such/x.lua'")
local path = package.path
package.path = nil
raises("'package.path' must be a string", require, "no.such")
package.path = path
package.preload.quiet = function() end
assert(require "quiet" == true and package.loaded.quiet == true)
local runner = require "lunatik.runner"
for _, f in ipairs {lunatik.runtime, runner.run, runner.stop} do
	raises("must not contain a NUL byte", f, "examples/hello\0")
end
assert(loadfile("examples/testlib.lua")().answer == 42 and dofile(from).answer == 42)
raises("no such file", dofile, "examples/nothing.lua")
raises("name too long", dofile, "/lib/modules/lua/" .. ("x"):rep(300))
for _, name in ipairs {"../../../etc/passwd", "/etc/passwd", "/lib/modules/lua/../x.lua", ""} do
	raises("cannot open", dofile, name)
end
raises("standard input", dofile)
assert(loadfile("examples") == nil and select(2, loadfile("examples")):find("not a regular file"))
print("done")
