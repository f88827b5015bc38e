-- SPDX-License-Identifier: MIT OR GPL-2.0-only
local raises = require "t/raises"
local class = require "class"
local Account = class()
function Account:init(balance) self.balance = balance or 0 end
function Account:deposit(n) self.balance = self.balance + n return self end
function Account.__add(a, b) return a.balance + b.balance end
function Account:__len() return self.balance end
local Savings = class(Account)
function Savings:deposit(n) return Account.deposit(self, n * 2) end
local a, s = Account(10), Savings()
assert(a.balance == 10 and s.balance == 0 and a:deposit(5).balance == 15 and s:deposit(5).balance == 10)
assert(a + a == 30 and s + a == 25 and #s == 10, "metamethods are inherited")
function Account:late() return "late" end
assert(s:late() == "late" and Savings(3):late() == "late")
local Third = class(Savings)
function Third:init(...) Savings.init(self, ...) self.third = true end
assert(Third(7):deposit(1).balance == 9 and Third(1).third and not rawget(Third(1), "deposit"))

-- without init the argument is the object
local Point = class {x = 1, y = 2, __tostring = function(p) return p.x .. "," .. p.y end}
local t = {x = 5}
assert(Point(t) == t and t.y == 2 and tostring(t) == "5,2" and tostring(Point()) == "1,2")
assert(class().x == nil and class()().x == nil)
local Dynamic = class {__index = function(_, k) return k .. "!" end}
assert(Dynamic().any == "any!")
raises("table expected, got number", Point, 1)
raises("table expected, got string", class, "x")
raises("table expected, got boolean", class, false)
raises("in init", class {init = function() error("in init") end})
print "done"
