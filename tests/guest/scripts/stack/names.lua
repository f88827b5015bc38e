-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- The names of all ways, a line each.
for _, way in ipairs(require("t/stack/ways").list) do print(way[1]) end
