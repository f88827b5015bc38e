-- SPDX-License-Identifier: MIT OR GPL-2.0-only
local completion = require "completion"
local raises = require "t/raises"

local c = completion.new()
local function waits(ms) return select("#", c:wait(ms)), c end

-- as often as it was completed
local ok, why = c:wait(0)
assert(ok == nil and why == "timeout")
c:complete()
c:complete()
assert(c:wait() == true and c:wait(0) == true)
ok, why = c:wait(0)
assert(ok == nil and why == "timeout")
c:complete()
assert(waits(0) == 1)
ok, why = c:wait(30)
assert(ok == nil and why == "timeout")
ok, why = c:wait(250)
assert(ok == nil and why == "timeout", "several slices")

raises("must not be negative", c.wait, c, -1)
raises("must not be negative", c.wait, c, math.mininteger)
raises("number expected, got table", c.wait, c, {})
raises("completion expected, got number", c.wait, 1)
for _, ms in ipairs {math.maxinteger, 1 << 31, 1 << 32, (1 << 31) - 1, 1 << 60, 1 << 53} do
	c:complete()
	assert(c:wait(ms))
end
for i = 1, 10000 do c:complete() end
for i = 1, 10000 do assert(c:wait(0)) end
assert(not c:wait(0))

-- from another runtime, in each context
for _, context in ipairs(require "t.contexts") do
	local rt <close> = lunatik.runtime("t/data/complete", context)
	rt:resume(c)
	assert(c:wait(5000), context)
	assert(not c:wait(0))
end
print "done"
