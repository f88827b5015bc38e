-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- What has no end, of each kind.
require "limits"

local loops = {}

function loops.loop() while true do end end
function loops.finalizer() setmetatable({}, {__gc = loops.loop}) collectgarbage() loops.loop() end
function loops.sort() table.sort({3, 2, 1}, loops.loop) end
function loops.find() return ("a"):rep(1 << 20):find(("a*"):rep(30) .. "b") end
function loops.rep() return #("xy"):rep(50 << 20) end

function handler(what) return loops[what]() end
