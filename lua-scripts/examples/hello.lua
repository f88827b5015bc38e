-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- The smallest script: a line in the kernel log.
--
--	lunatik run examples/hello
--	dmesg | tail -1
--	lunatik stop examples/hello
print("hello from " .. _VERSION)
