-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- Are runtimes made, resumed and stopped in each context? Run by
--
--	lunatik test runtimes
for _, context in ipairs {"process", "softirq", "hardirq"} do
	local r <close> = lunatik.runtime("examples/echo", context)
	local said, n = r:resume("hello")
	assert(said == "hello" and n == 1, context)
	said, n = r:resume(-1)
	assert(said == -1 and n == 2, context)
	local status = r:status()
	assert(status.context == context and status.entries > 0 and status.memory <= status.peak)
	r:stop()
	assert(not pcall(r.resume, r, 1), "a stopped runtime was resumed")
end
local ok, message = pcall(lunatik.runtime, "examples/nothing")
assert(not ok and message:find("no such file"), message)
ok, message = pcall(lunatik.runtime, "examples/echo", "nowhere")
assert(not ok and message:find("nowhere"), message)
