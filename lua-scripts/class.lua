-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- class([t]) -> a class that has the fields of t, which may be a class itself.
--
--	local class = require "class"
--	local Account = class()
--	function Account:init(balance) self.balance = balance or 0 end
--	function Account:deposit(n) self.balance = self.balance + n end
--	local Savings = class(Account)
--	local s = Savings(10)
--	s:deposit(5)
--
-- A class is called to make an object. With a method init that gets the arguments; without
-- one the argument, a table, becomes the object. Lua looks for metamethods in the class
-- itself: those that t has when the class is made are copied.

local function new(class, ...)
	local init = class.init
	if init == nil then
		local object = ...
		if object == nil then object = {} end
		if type(object) ~= "table" then
			error("bad argument to a class: table expected, got " .. type(object), 2)
		end
		return setmetatable(object, class)
	end
	local object = setmetatable({}, class)
	init(object, ...)
	return object
end

return function(t)
	if t ~= nil and type(t) ~= "table" then
		error("bad argument #1 to 'class' (table expected, got " .. type(t) .. ")", 2)
	end
	local class = {}
	for name, value in pairs(t or {}) do
		if type(name) == "string" and name:sub(1, 2) == "__" then class[name] = value end
	end
	-- an __index of its own stays that; that of a class is the class
	if class.__index == nil or class.__index == t then class.__index = class end
	return setmetatable(class, {__index = t, __call = new})
end
