-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- A runtime in a runtime in a runtime.
return function() return lunatik.runtime("t/hostile/nested"):resume() end
