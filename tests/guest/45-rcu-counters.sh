#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 600
# Counters that all contexts and CPUs count up at once, by rcu.add and by loops
# around rcu.cas, add up exactly: handlers in threads, softirq and hardirq (a
# timer, a tasklet, an hrtimer, an irq_work, a kprobe), and scripts beside.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu
mkdir -p /lib/modules/lua/t
scripts=$TESTDIR/scripts/rcu-counters
cp "$scripts/handler.lua" /lib/modules/lua/t/

# counts NUMBER NAME: each counter is at NUMBER
counts()
{
	answers 'local c = rcu.counters print(c.added, c.down, c.integer, c.string)' \
		"$(printf '%d\t%d\t%d\t%s' "$1" $(($1 * -3)) "$1" "$1")" "$2"
}

answers 'rcu.counters = require "rcu".table() local c = rcu.counters c.integer, c.string = 0, "0"' \
	'' 'a table for all'

# scripts beside handlers
for i in 1 2; do
	{
		exec 3<>"$DRV"
		cat "$scripts/count.lua" >&3
		cat <&3 >"/tmp/count$i" 2>&1
		exec 3>&-
	} &
done
answers 'rcu.go = true' '' 'scripts begin'
klog_mark
ok 'handlers count' insmod /opt/lunatik-modules/contexts/contexts.ko seconds=20 script=t/handler
wait
log=$(klog_since)
printf '%s\n' "$log" | grep 'contexts:' | diag
for source in $SOURCES; do
	like "$log" "contexts: $source fired [0-9]{2,} times, 0 of them elsewhere" "$source fired where it says"
done
handlers=$(printf '%s\n' "$log" | sed -n 's/.*the object counted \([0-9]*\) of \([0-9]*\), 0 failed.*/\2/p')
for i in 1 2; do
	is "$(head -n 1 "/tmp/count$i")" 50000 "script $i counted"
	diag "$(tail -n 1 "/tmp/count$i")"
done
diag "handlers $handlers, scripts 100000"
counts $((handlers + 100000)) 'every one was counted, in each way'

unlike "$log" 'BUG|WARNING|rcu:|stall' 'the kernel had nothing to say'
ok 'the module goes' rmmod contexts
lua 'rcu.counters, rcu.go = nil, nil'
rm -r /lib/modules/lua/t
works 'a script runs'
finish
