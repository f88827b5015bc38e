-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- Keeps 500 runtimes.
kept = {}
for i = 1, 500 do kept[i] = lunatik.runtime("bench/nothing") end
