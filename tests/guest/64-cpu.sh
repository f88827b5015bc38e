#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# The library cpu, and how require gets a module.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu

online=$(grep -c '^cpu[0-9]' /proc/stat)
if built_in; then
	skip 'a library that nobody wants is not loaded' "$BUILT_IN"
else
	modprobe -r luacpu 2>/dev/null
	ok 'a library that nobody wants is not loaded' test ! -d /sys/module/luacpu
fi
answers 'print(require "cpu".num_online())' "$online" 'require loads it; so many CPUs are in use'
if built_in; then
	skip 'which the script keeps loaded no longer' "$BUILT_IN"
else
	ok 'which the script keeps loaded no longer' modprobe -r luacpu
fi
refuses 'require "no_such"' "no loaded kernel module provides 'no_such'" 'what no module provides'
# the name of a module is none of a library
if ! built_in; then
	modprobe -r luacpu 2>/dev/null
	refuses 'require "luacpu"' "no loaded kernel module provides 'luacpu'" 'what a module is called'
	ok 'is not loaded by that' test ! -d /sys/module/luacpu
fi

answers 'local cpu = require "cpu" local n, p = 0, 0
cpu.foreach_online(function(i) assert(i >= 0) n = n + 1 end)
cpu.foreach_possible(function() p = p + 1 end)
local q = 0 cpu.foreach_present(function() q = q + 1 end)
print(n == cpu.num_online(), p == cpu.num_possible(), q == cpu.num_present(), p >= q, q >= n)' \
	"$(printf 'true\ttrue\ttrue\ttrue\ttrue')" 'each CPU is called for'
answers 'local cpu = require "cpu" local s = cpu.stats(0) local sum, n = 0, 0
for k, v in pairs(s) do assert(math.type(v) == "integer" and v >= 0, k) sum = sum + v n = n + 1 end
print(n, sum > 0, s.user and s.system and s.idle and true)' "$(printf '10\ttrue\ttrue')" 'what CPU 0 has done'
for n in -1 1000000 math.maxinteger math.mininteger '1 << 32'; do
	refuses "require 'cpu'.stats($n)" 'there is no CPU ' "stats($n)"
done
refuses 'require "cpu".stats("x")' 'number expected, got string' 'stats("x")'
refuses 'require "cpu".foreach_online(1)' 'function expected, got number' 'no function'
refuses 'require "cpu".foreach_online(function(n) error("at " .. n) end)' 'at 0' 'a function that raises'
lua 'require "cpu".foreach_online(function(n) coroutine.yield() end)'
is "$((status != 0))" 1 'a function that yields is refused'

mkdir -p /lib/modules/lua/t
echo 'local cpu = require "cpu" function f() return cpu.num_online() end f()' >/lib/modules/lua/t/cpu.lua
for context in $ATOMIC; do
	answers "local rt <close> = lunatik.runtime('t/cpu', '$context') print('made')" made \
		"a $context runtime requires it"
done
rm -r /lib/modules/lua/t
works 'scripts run'
finish
