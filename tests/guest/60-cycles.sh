#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 7200
# Loading and unloading, 50 times (fewer in a slow kernel) or lunatik.cycles=N, while scripts are being run:
# nothing breaks, nothing leaks.
. "$KTAP"
. "$TESTDIR/lib.sh"
if built_in; then
	skip 'loading and unloading' "$BUILT_IN"
	finish
fi

cat >/tmp/work.lua <<'X'
local rcu = require "rcu"
local t = rcu.table()
for i = 1, 200 do t["key" .. i] = ("v"):rep(i) end
setmetatable({}, {__gc = function() t.gone = true end})
coroutine.wrap(function() coroutine.yield(t) end)()
X
cat >/tmp/cycle.sh <<'X'
while [ ! -e /tmp/stop ]; do
	# not when the device is gone: that would make a file of its name
	[ -c /dev/luadrv ] && dd if=/tmp/work.lua of=/dev/luadrv conv=nocreat 2>/dev/null
	ran=$((ran + $([ $? -eq 0 ] && echo 1 || echo 0)))
	echo "$ran" >/tmp/ran
	sleep 0.02
done
X
# unloads as soon as no script is in the way, within half a second
cycle()
{
	modprobe luarcu || return
	for _ in 1 2 3 4 5; do
		if modprobe -r luarcu lunatik 2>/dev/null && [ ! -d /sys/module/lunatik ]; then
			echo unloaded >>/tmp/unloaded
			return 0
		fi
		sleep 0.1
	done
	return 0
}

cycles=$(sed -n 's/.*lunatik\.cycles=\([0-9]*\).*/\1/p' /proc/cmdline)
: "${cycles:=$((LUNATIK_SLOW > 4 ? 12 : 50 / LUNATIK_SLOW))}"
unload
cycle; cycle; cycle
rm -f /tmp/stop /tmp/unloaded; : >/tmp/unloaded
before=$(slab_kb)

ran=0 sh /tmp/cycle.sh & one=$!
bad=0
for i in $(seq "$cycles"); do
	cycle || bad=$((bad + 1))
	[ $((i % 5)) -ne 0 ] || sleep 0.2	# a while in which scripts run
done
touch /tmp/stop
wait $one
is $bad 0 "every load of $cycles succeeded"
unloaded=$(wc -l </tmp/unloaded)
diag "unloaded $unloaded times, refused as in use $((cycles - unloaded)) times; $(cat /tmp/ran) scripts ran"
ok 'some scripts ran meanwhile' test "$(cat /tmp/ran)" -gt 0
ok 'some unloads succeeded meanwhile' test "$unloaded" -gt 5
ok 'and unloading succeeds when no script runs' modprobe -r luarcu lunatik
is "$(lsmod | grep -cE '^(lua|lunatik)')" 0 'nothing is left loaded'
ok 'the device is no file' test ! -e "$DRV"
after=$(slab_kb)
diag "slab and vmalloc before $before kB, after $after kB"
ok 'nothing leaked' test $((after - before)) -lt $SLACK

modprobe luarcu
works 'a script runs'
run "$TESTDIR/scripts/gc.lua"
isnt "$status" 0 'a script whose collections fail'
# what was dropped with no stack left is released a moment later
ok 'keeps no object, so no module' sh -c 'for i in 1 2 3 4 5 6 7 8 9; do
	modprobe -r luarcu lunatik 2>/dev/null && exit; sleep 0.5; done; exit 1'
modprobe luarcu
before=$(slab_kb)
for _ in $(seq 100); do cat /tmp/work.lua >"$DRV"; done
printf 'error({' >/tmp/syntax.lua
printf 'local t = {} for i = 1, 1 << 40 do t[i] = {} end' >/tmp/memory.lua
for _ in $(seq 20); do
	cat /tmp/syntax.lua >"$DRV"
	cat /tmp/memory.lua >"$DRV"
done 2>/dev/null
after=$(slab_kb)
diag "slab and vmalloc before $before kB, after $after kB"
ok '140 sessions leak nothing' test $((after - before)) -lt $SLACK
finish
