-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- What luacheck looks for in our Lua; tests/lint/lua.sh runs it.
std = "lua54"
globals = {"lunatik", "rcu"}
max_line_length = false		-- what is tested is in strings

-- the kernel has neither
for _, dir in ipairs {"lua-scripts", "bench", "tests"} do
	files[dir] = {not_globals = {"io", "os"}}
end

for _, dir in ipairs {"bench", "tests"} do
	files[dir].ignore = {
		"11[123]",	-- globals: C calls them, or a test writes them before the script
		"21[123]",	-- unused: values made for the collector, for the stack, for time
		"23[123]", "241", "311",	-- the same
		"4[123][123]",	-- one name for many of a kind, a block each
	}
end
