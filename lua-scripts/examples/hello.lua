-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- The smallest script: a line in the kernel log.
--
--	# lunatik run examples/hello
--	# dmesg | tail -n 1
--	[...] lunatik: hello from Lua 5.4-kernel
--	# lunatik stop examples/hello
print("hello from " .. _VERSION)
