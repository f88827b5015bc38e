-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- For tests: asserts that f(...) raises a message with that in it, as it stands or as a pattern.
return function(pattern, f, ...)
	local ok, message = pcall(f, ...)
	assert(not ok, "did not raise, wanted: " .. pattern)
	message = tostring(message)
	assert(message:find(pattern, 1, true) or message:find(pattern), message)
end
