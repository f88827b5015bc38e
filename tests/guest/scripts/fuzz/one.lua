-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- The program of a seed, in this runtime: how it ended.
local generate = require "t/fuzz/generate"
require "rcu"

return function(seed)
	-- what it may do to these should not matter to us
	local pcall, load, tostring, find, type = pcall, load, tostring, string.find, type
	local text = generate(seed)
	local program, wrong = load(text, "=" .. seed)

	generate, package.loaded["t/fuzz/generate"] = nil, nil
	if not program then return "syntax: " .. wrong end
	local ok, msg = pcall(program)
	if ok then return "result" end
	return "error"
end
