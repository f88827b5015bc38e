#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# The small libraries: each file of scripts/small asserts what it says.
. "$KTAP"
. "$TESTDIR/lib.sh"
mkdir -p /lib/modules/lua/t
cp "$TESTDIR/scripts/raises.lua" /lib/modules/lua/t/

klog_mark
for file in "$TESTDIR"/scripts/small/*.lua; do
	run "$file"
	name=${file##*/}
	is "$status:$out" 0:done "${name%.lua}"
done

# util.log and util.test print
answers 'local util = require "util"
util.log("what", 1, nil, "two", true)
util.log("nothing")
print(util.test("good", function() return 1 end))
print(util.test("bad", function() error("wrong", 0) end))' "what: 1 nil two true
nothing: 
PASS: good
true
FAIL: bad wrong
false	wrong" 'util prints'

# in every context
cat >/lib/modules/lua/t/small.lua <<'END'
local byteorder, struct, set = require "byteorder", require "struct", require "set"
local net, util, class = require "net", require "util", require "class"
local header, domains, Class = struct {">", {"a", "I2"}}, set.labeled {["a.b"] = 3}, class()
return function()
	return byteorder.htobe32(byteorder.be32toh(7)), header:pack {a = 0x4142}, domains:match("x.a.b"),
		net.ntoa(net.aton("1.2.3.4")), util.hex2bin(util.bin2hex("z")), Class({n = 5}).n
end
END
for context in $CONTEXTS; do
	answers "local rt <close> = lunatik.runtime('t/small', '$context') print(rt:resume())" \
		"$(printf '7\tAB\t3\t1.2.3.4\tz\t5')" "in a $context runtime"
done
rm -r /lib/modules/lua/t
unlike "$(klog_since)" 'BUG|WARNING|Oops' 'the kernel had nothing to say'
works 'scripts run'
finish
