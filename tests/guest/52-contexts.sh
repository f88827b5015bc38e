#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 300
# Handlers in all three contexts at once, for a minute: tests/modules/contexts.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu
mkdir -p /lib/modules/lua/t
cp -r "$TESTDIR/scripts/api" /lib/modules/lua/t/

klog_mark
ok 'what was counted is what was fired' insmod /opt/lunatik-modules/contexts/contexts.ko seconds=60
log=$(klog_since)
printf '%s\n' "$log" | grep 'contexts:' | diag
for source in $SOURCES; do
	like "$log" "contexts: $source fired [0-9]{2,} times, 0 of them elsewhere" "$source fired where it says"
done
like "$log" 'contexts: the object counted [0-9]+ of [0-9]+, 0 failed' 'no handler failed'
unlike "$log" 'BUG|WARNING|rcu:|stall' 'the kernel had nothing to say'
ok 'the module goes' rmmod contexts
rm -r /lib/modules/lua/t
works 'a script runs'
finish
