-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- A device that gives and takes a byte.
local device = require "device"

local byte = "x"

device.new {
	name = "byte",
	read = function() return byte end,
	write = function(_, bytes) byte = bytes end,
}
