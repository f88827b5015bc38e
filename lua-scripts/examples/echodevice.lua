-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- A device that gives back what was last written to it, and how often that
-- was done.
--
--	# lunatik run examples/echodevice
--	# echo hello >/dev/echo
--	# cat /dev/echo
--	1: hello
--	# echo again >/dev/echo; cat /dev/echo
--	2: again
--	# lunatik stop examples/echodevice
local device = require "device"

local driver = {name = "echo", mode = 384, count = 0, text = ""}	-- rw-------

function driver:write(buf)
	self.count = self.count + 1
	self.text = self.count .. ": " .. buf
end

function driver:read(len, off)
	return self.text:sub(off + 1, off + len)
end

device.new(driver)
