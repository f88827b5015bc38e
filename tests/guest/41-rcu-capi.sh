#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# The C API of the RCU table, from another module: tests/modules/rcutest.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu

before=$(slab_kb)
ok 'the checks in C pass, in a probe inside the allocator too' \
	insmod /opt/lunatik-modules/rcutest/rcutest.ko
dmesg | sed -n 's/.*\(rcutest: .*\)/\1/p' | while read -r line; do diag "$line"; done
answers 'local test, rcu = require "rcutest", require "rcu"
local t = test.shared()
t.x = 1
print(test.count(t), rcu.add(test.shared(), "x", 2), t.x)
t.x = nil
print(select(2, test.count(_G.rcu)), pcall(test.count, {}))' \
	"1	3	3
true	false	bad argument #1 to 'rcutest.count' (rcu table expected, got table)" \
	'a table made in C is used by a script'
answers 'local test = require "rcutest"
print(test.key(""), test.key("a\0b"), test.key(("k"):rep(100)))
print(test.key(12), test.key(nil))
print(#test.string(41), test.string(1000) == ("x"):rep(1000))
print(pcall(test.string, 40))' \
	"0	3	100	true
nil
41	true
false	no string can be made of 40 bytes" 'keys and long strings'
answers 'local test = require "rcutest"
for _, monitored in ipairs {false, true} do
	local echo = test.echo(monitored)
	print(echo.abc, echo[""], echo[("k"):rep(50)], echo[1], pcall(function() echo.x = 5 end))
	local mt = getmetatable(echo)
	print(mt)
end
local index = test.echo(true)
print(pcall(rawget, index, "x"))' \
	"3	0	50	-1	false	/dev/luadrv:4: x is not to be set to 5
false
3	0	50	-1	false	/dev/luadrv:4: x is not to be set to 5
false
false	bad argument #1 to 'rawget' (table expected, got monitored)" 'a class that is indexed'
ok 'the module goes' rmmod rcutest
after=$(slab_kb)
diag "slab and vmalloc before $before kB, after $after kB"
ok 'nothing is left' test $((after - before)) -lt $SLACK
works 'a script runs'
finish
