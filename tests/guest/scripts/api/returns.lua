-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- returns a function for a thread, which goes on until it is ended
return function()
	ran = true
	while true do end
end
