-- each of these does not end by itself, or not soon
local s = ("a"):rep(1000)
local big = {}
for i = 1, 2000 do big[i] = -i end
local hogs = {
	loop = function() while true do end end,
	calls = function() local function f() end while true do f() end end,
	pcall = function() while true do pcall(error) end end,
	coroutine = function()
		local co = coroutine.wrap(function() while true do coroutine.yield() end end)
		while true do co() end
	end,
	inside = function() coroutine.wrap(function() while true do end end)() end,
	find = function() while true do s:find(("a*"):rep(30) .. "b") end end,
	gsub = function() while true do s:gsub("a", "b") end end,
	rep = function() while true do s:rep(10) end end,
	sort = function() while true do table.sort(big) table.sort(big, function(a, b) return a > b end) end end,
	concat = function() while true do table.concat(big) end end,
	close = function() local x <close> = setmetatable({}, {__close = function() while true do end end}) end,
	finalizer = function() setmetatable({}, {__gc = function() while true do end end}) collectgarbage() while true do end end,
	index = function() local t = setmetatable({}, {__index = function(t, k) return t[k] end}) while true do pcall(function() return t.x end) end end,
	load = function() while true do load("return 1") end end,
	tostring = function() while true do tostring(1) end end,
	move = function() table.move(big, 1, 1 << 40, 2, {}) end,
}
local names = {}
for name in pairs(hogs) do names[#names + 1] = name end
table.sort(names)

local what = coroutine.yield()
while true do
	if what == nil then
		what = coroutine.yield(table.unpack(names))
	elseif what == "fine" then
		what = coroutine.yield("fine")
	else
		hogs[what]()
		what = coroutine.yield("ended")
	end
end
