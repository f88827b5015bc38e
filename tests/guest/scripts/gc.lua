-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- Objects are given back however their collection goes: with no stack left,
-- with a hook that raises on every call, with no memory.
local rcu = require "rcu"
local table = rcu.table
local function deep() for _ = 1, 3 do table(1) end collectgarbage() string.gsub("a", "a", deep) end
pcall(deep)
debug.sethook(function() error("no") end, "c")
local ok = pcall(function() local t = table(1) t = nil collectgarbage() end)
