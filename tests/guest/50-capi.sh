#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# The C API, used by a module built out of tree against the installed headers.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu
mkdir -p /lib/modules/lua/t
cp -r "$TESTDIR/scripts/capi" /lib/modules/lua/t/

before=$(slab_kb)
klog_mark
ok 'every check of capi.ko' insmod /opt/lunatik-modules/capi/capi.ko
log=$(klog_since)
printf '%s\n' "$log" | grep 'capi:' | diag
like "$log" 'capi: [0-9]{4} checks, 0 failed' 'all of them ran'
like "$log" 'lunatik: /lib/modules/lua/t/capi/raises.lua:1: on purpose' 'why a script failed is in the log'
like "$log" 'cannot open /lib/modules/lua/t/capi/missing.lua: no such file' 'or that it is missing'

answers 'local capi = require "capi" local before = capi.released()
for i = 1, 10 do assert(capi.counter():get() == 7) end
collectgarbage() print(capi.released() - before)' 10 'objects of its class, released once each'
answers 'local capi = require "capi" print(pcall(capi.throw, -12))' "$(printf 'false\tENOMEM')" 'lunatik_throw'
answers 'local capi = require "capi"
for _, key in ipairs {"", "a", "\0b", ("x"):rep(40), ("x"):rep(41), ("x"):rep(10000)} do
	assert(capi.hash(key))
end' '' 'the hash of a string is that of its bytes'
answers 'local capi = require "capi" rcu.object = capi.counter()
print(pcall(function() rcu.single = capi.sleeper() end))' \
	"$(printf "false\t/dev/luadrv:2: 'sleeper' object is private to its runtime, it cannot be shared")" \
	'a private object cannot be shared'
answers 'local capi, t = require "capi", require "rcu".table()
local a, b = capi.collision()
t[a] = 1
print(a ~= b, t[b])
t[b] = 2
print(t[a], t[b], #t)
t[a] = nil
print(t[a], t[b], #t)' "$(printf 'true\tnil\n1\t2\t2\nnil\t2\t1')" 'keys whose hashes collide are distinct'
fails 'an object that somebody holds keeps its module' rmmod capi
answers 'print(rcu.object:get()) rcu.object = nil' 7 'the object reaches another script'
ok 'dropped, nobody holds it' sh -c 'for i in 1 2 3 4 5 6 7 8 9; do rmmod capi 2>/dev/null && exit; sleep 1; done; exit 1'
refuses 'require "capi"' "no loaded kernel module provides 'capi'" 'the library is gone with the module'
after=$(slab_kb)
diag "slab and vmalloc before $before kB, after $after kB"
ok 'nothing leaked' test $((after - before)) -lt $SLACK
rm -r /lib/modules/lua/t
works 'a script runs'
finish
