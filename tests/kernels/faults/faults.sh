#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# faults.sh KIND...: commits each fault once. A line in the kernel's log goes
# before each; who reads that has to find a report behind it.
[ ! -e /sys/kernel/debug/kmemleak ] || echo scan=off >/sys/kernel/debug/kmemleak
for kind; do
	sleep 0.2
	echo "lunatik-harness: fault $kind" >/dev/kmsg
	insmod ./faults.ko "what=$kind"
	if [ "$kind" = leak ]; then
		# what was allocated just now is not looked for yet, and what was
		# not there when it looked last may still change
		rmmod faults
		sleep 6
		echo scan >/sys/kernel/debug/kmemleak
		sleep 6
		echo scan >/sys/kernel/debug/kmemleak
		echo clear >/sys/kernel/debug/kmemleak
	fi
	sleep 0.5
	rmmod faults 2>/dev/null
done
echo 'lunatik-harness: end' >/dev/kmsg
