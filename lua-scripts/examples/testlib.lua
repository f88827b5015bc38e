-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- A module in Lua: local testlib = require "examples.testlib"
return {answer = 42}
