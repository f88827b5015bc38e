#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 1800
# The RCU table against a plain Lua table as its model: random operations on
# both must give the same. The table grows and shrinks meanwhile.
# lunatik.model=OPERATIONS,SEED on the kernel's command line, a million and a
# random one unless said.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu
insmod /opt/lunatik-modules/collide/collide.ko

settings=$(sed -n 's/.*lunatik\.model=\([0-9]*\),\([0-9]*\).*/\1 \2/p' /proc/cmdline)
ops=${settings% *} seed=${settings#* }
: "${ops:=1000000}" "${seed:=$(date +%N | sed 's/^0*//')}"
diag "$ops operations, seed $seed"

# resizes COMMAND...: how often a table got other buckets meanwhile is in
# $resized; empty where the kernel cannot tell
tracing=/sys/kernel/tracing
resizes()
{
	resized=
	[ -e $tracing/kprobe_events ] || mount -t tracefs tracefs $tracing 2>/dev/null
	if ! echo "p:resize $(built_in || echo luarcu:)luarcu_newarray" 2>/dev/null >$tracing/kprobe_events; then
		"$@"
		return
	fi
	echo 1 >$tracing/events/kprobes/resize/enable
	"$@"
	echo 0 >$tracing/events/kprobes/resize/enable
	resized=$(awk '{ print $2 }' $tracing/kprobe_profile)
	echo >$tracing/kprobe_events
}

# model TABLE OPERATIONS
model()
{
	{
		echo "SEED, OPS, TABLE = $seed, $2, '$1'"
		cat "$TESTDIR/scripts/rcu-lua/model.lua"
	} >/tmp/model.lua
	from=$(date +%s)
	resizes run /tmp/model.lua
	to=$(date +%s)
	is "$status:${out%%:*}" "0:$2 operations agree" "a table of a script ($1)"
	diag "$out"
	diag "$((to - from)) s; ${resized:-an unknown number of} arrays of buckets"
}

klog_mark
model own "$ops"
if [ -n "$resized" ]; then
	# that of the table, its pool of objects, and what came of growing and shrinking
	ok 'it grew and shrank' test "$resized" -ge $((7 + ops / 30000))
else
	skip 'it grew and shrank' 'no kprobe tells'
fi
model global $((ops / 5))
unlike "$(klog_since)" 'BUG|WARNING|rcu:|stall' 'the kernel had nothing to say'
ok 'the module of the test goes' rmmod collide
works 'a script runs'
finish
