#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 20000
# The fuzzer of fuzz/fuzz.c: programs, those that reach something new bred further
# where the kernel has KCOV; and system calls on the device. What it starts from is
# fuzz/corpus.txt. lunatik.fuzzing=SECONDS,SEED on the kernel's command line, else
# 20 seconds and a seed of the day; half of the time for each. A third disk gets the
# new corpus.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu
mkdir -p /lib/modules/lua/t
cp -r "$TESTDIR/scripts/fuzz" /lib/modules/lua/t/
trouble='BUG|WARNING|KASAN|KCSAN|UBSAN|Oops|Call Trace|rcu:.*stall|soft lockup|blocked for more|Out of memory'

args=$(sed -n 's/.*lunatik\.fuzzing=\([0-9,]*\).*/\1/p' /proc/cmdline)
seconds=${args%%,*}
seed=${args##*,}
seconds=$((${seconds:-20} / 2)) seed=${seed:-$(($(date +%s) % 1000000))}
fuzz=$TESTDIR/fuzz/fuzz
corpus=$TESTDIR/fuzz/corpus.txt
diag "seed $seed, $seconds seconds each"
klog_mark
# in a campaign what is reported ends it, so that the log has the program
[ -z "$args" ] || echo 1 >/proc/sys/kernel/panic_on_warn

ok 'the module is loaded' insmod /opt/lunatik-modules/fuzz/fuzz.ko
"$fuzz" programs 2 1 "$corpus" /dev/null >/tmp/once 2>&1	# what is allocated once is there
before=$(slab_kb)
"$fuzz" programs "$seconds" "$seed" "$corpus" /tmp/found.txt >/tmp/programs 2>&1
is $? 0 'programs end, in one of the ways that there are'
diag </tmp/programs
works 'the next script is right'
ok 'the module goes' rmmod fuzz
sleep 3		# what workers and RCU still free
after=$(slab_kb)
diag "slab and vmalloc before $before kB, after $after kB"
ok 'nothing is left of them' test $((after - before)) -lt $SLACK

"$fuzz" calls 2 1 "$corpus" >/tmp/once 2>&1
sleep 3
before=$(slab_kb)
"$fuzz" calls "$seconds" "$seed" "$corpus" >/tmp/calls 2>&1
is $? 0 'system calls end, and nobody reads what another wrote'
diag </tmp/calls
works 'the next script is right'
sleep 3
after=$(slab_kb)
diag "slab and vmalloc before $before kB, after $after kB"
ok 'nothing is left of them' test $((after - before)) -lt $SLACK
is "$(cat /proc/[0-9]*/comm 2>/dev/null | grep '^luadrv/')" '' 'no script is left'
unlike "$(klog_since)" "$trouble" 'the kernel had nothing to say'
ok 'the modules go' modprobe -r luarcu lunatik
modprobe luarcu

for disk in /dev/vdc /dev/ubdc; do
	[ ! -b $disk ] || [ ! -e /tmp/found.txt ] || tar -C /tmp -cf $disk found.txt
done
rm -r /lib/modules/lua/t
finish
