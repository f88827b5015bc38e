-- in a runtime of any context: what its script and its function may do
local api = require "api"
local foo = require "foo"

local function may(f, ...)
	local ok, what = pcall(f, ...)
	return ok and (type(what) == "userdata" and (what.context and what:context() or "yes") or tostring(what)) or what
end

local function all()
	return may(foo.process), may(foo.softirq), may(foo.hardirq),
		may(foo.careless, 1), may(foo.careless, 2), may(foo.careless, 3),
		may(api.only, "process"), may(api.only, "softirq"), may(api.only, "hardirq"),
		api.isready()
end

coroutine.yield()
return all()
