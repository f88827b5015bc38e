-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- Sets, and sets of names below which all others belong to them.
--
--	local set = require "set"
--	local s = set.new {"a", "b"}
--	print(s:has("a"), #s)			-- true 2
--
--	local blocked = set.labeled {["example.com"] = 1, ["ads.example.com"] = 2}
--	print(blocked:match("x.ads.example.com"))	-- 3
local set = {}

local Set = {}
Set.__index = Set

function Set:has(value) return value ~= nil and self.members[value] ~= nil end

function Set:__len() return self.size end

-- The values of a list, each once.
function set.new(list)
	if type(list) ~= "table" then
		error("bad argument #1 to 'new' (table expected, got " .. type(list) .. ")", 2)
	end
	local members, size = {}, 0
	for _, value in ipairs(list) do
		if members[value] == nil then
			members[value] = true
			size = size + 1
		end
	end
	return setmetatable({members = members, size = size}, Set)
end

local Labeled = {__len = Set.__len, has = Set.has}
Labeled.__index = Labeled

-- The OR of the masks of name and of all that it ends with behind a dot; 0 if there is none.
function Labeled:match(name)
	if type(name) ~= "string" then
		error("bad argument #1 to 'match' (string expected, got " .. type(name) .. ")", 2)
	end
	local members = self.members
	local mask = members[name] or 0
	local dot = name:find(".", 1, true)
	while dot do
		mask = mask | (members[name:sub(dot + 1)] or 0)
		dot = name:find(".", dot + 1, true)
	end
	return mask
end

-- A table of names, each with a mask. What is matched is compared byte by byte: names of
-- hosts are to be in lower case, and without the dot at the end, in both.
function set.labeled(masks)
	if type(masks) ~= "table" then
		error("bad argument #1 to 'labeled' (table expected, got " .. type(masks) .. ")", 2)
	end
	local members, size = {}, 0
	for name, mask in pairs(masks) do
		if type(name) ~= "string" or math.type(mask) ~= "integer" then
			error("bad argument #1 to 'labeled' (a string with an integer expected, got a "
				.. type(name) .. " with a " .. type(mask) .. ")", 2)
		end
		members[name] = mask
		size = size + 1
	end
	return setmetatable({members = members, size = size}, Labeled)
end

return set
