-- SPDX-License-Identifier: MIT OR GPL-2.0-only
local raises = require "t/raises"
local MAX, MIN = math.maxinteger, math.mininteger
local set = require "set"
local s = set.new {"a", "b", 3, "a", true}
assert(s:has "a" and s:has(3) and s:has(true) and not s:has "c" and not s:has(nil) and not s:has(false) and #s == 4)
assert(#set.new {} == 0 and not set.new {}:has(1) and not s:has "has" and not s:has "__index")
raises("table expected, got nil", set.new)

local l = set.labeled {["example.com"] = 1, ["ads.example.com"] = 2, com = 4, ["x..y"] = 8, [""] = 16, [".z"] = 32}
assert(#l == 6 and l:has "com" and not l:has "org")
for name, mask in pairs {["example.com"] = 5, ["www.example.com"] = 5, ["ads.example.com"] = 7, ["a.b.ads.example.com"] = 7,
		["badexample.com"] = 4, com = 4, org = 0, ["com.org"] = 0, ["com."] = 16, [""] = 16, ["a.x..y"] = 8,
		["."] = 16, ["q.z"] = 0, [".z"] = 32, ["q..z"] = 32, ["EXAMPLE.com"] = 4, ["a%.com"] = 4} do
	assert(l:match(name) == mask, name)
end
assert(l:match(("a."):rep(20000) .. "com") == 4)
assert(set.labeled {a = MIN, ["b.a"] = MAX}:match "b.a" == -1)
raises("string expected, got nil", l.match, l)
raises("string expected, got number", l.match, l, 1)
raises("table expected, got string", set.labeled, "x")
raises("got a string with a boolean", set.labeled, {a = true})
raises("got a number with a number", set.labeled, {1})
print "done"
