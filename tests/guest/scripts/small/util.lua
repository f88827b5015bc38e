-- SPDX-License-Identifier: MIT OR GPL-2.0-only
local raises = require "t/raises"
local util = require "util"
local all = {}
for i = 0, 255 do all[i + 1] = string.char(i) end
all = table.concat(all)
assert(util.bin2hex(all):sub(1, 8) == "00010203" and #util.bin2hex(all) == 512 and util.bin2hex("\n\xff") == "0aff")
assert(util.hex2bin(util.bin2hex(all)) == all and util.hex2bin("") == "" and util.hex2bin("aAfF") == "\xaa\xff")
raises("an odd number of digits, 3", util.hex2bin, "abc")
for _, bad in ipairs {"0x", "g0", " 1", "1 ", "\0\0", "-1"} do raises("no hexadecimal digit at", util.hex2bin, bad) end
raises("string expected, got nil", util.bin2hex)
raises("string expected, got number", util.hex2bin, 12)
print "done"
