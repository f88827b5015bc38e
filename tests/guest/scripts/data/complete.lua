-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- Completes what it is resumed with, which it finds impossible to wait for in an interrupt.
require "completion"
return function(c)
	c:complete()
	if lunatik.runtime == nil then
		local ok, message = pcall(c.wait, c, 0)
		assert(not ok and message:find("only process context may wait"), message)
	end
end
