-- SPDX-License-Identifier: MIT OR GPL-2.0-only
return function() return lunatik.runtime("t/limits/nested"):resume() end
