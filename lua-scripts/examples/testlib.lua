-- SPDX-License-Identifier: MIT OR GPL-2.0-only
--
-- A library in Lua: what a script gets by require.
--
--	# echo 'return require("examples.testlib").answer' | lunatik
--	42
return {answer = 42}
