-- SPDX-License-Identifier: MIT OR GPL-2.0-only
local x <close> = setmetatable({}, {__close = function() error "closed" end})
error(setmetatable({}, {__tostring = function(e) error(e) end}))
