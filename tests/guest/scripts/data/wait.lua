-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- Waits, for ever if it is not told otherwise.
local completion = require "completion"
return function(c, ms)
	return (c or completion.new()):wait(ms)
end
