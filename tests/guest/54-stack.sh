#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 600
# How deep a script gets by each way to recurse, from each place, and how much
# kernel stack that leaves: scripts/limits/ways.lua, tests/modules/limits.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu
mkdir -p /lib/modules/lua/t
cp -r "$TESTDIR/scripts/limits" /lib/modules/lua/t/
insmod /opt/lunatik-modules/limits/limits.ko

# bytes that have to be left of the stack
least=2600

klog_mark
lua 'require "t/limits/stack"()'
is "$status" 0 'each way from each place ends'
printf '%s\n' "$out" | grep '|' >/tmp/ways
awk -F'|' 'BEGIN { print "way | from | depth, used, left | message" }
	{ printf "%s | %s | %s, %s, %s | %.60s\n", $1, $2, $3, $4, $5, $6 }' /tmp/ways | diag
# a kernel that watches itself has other frames, and all the time in the world
measured() { [ "$LUNATIK_SLOW" -le 4 ]; }
for from in here 'call 5 kB' 'call 8 kB' 'call 11 kB' timer hrtimer kprobe; do
	measured || break
	# what was refused at once has painted nothing
	is "$(awk -F'|' -v from="$from" -v least="$least" '
		$2 == from && ++n && ($5 < 0 ? $6 !~ /C stack overflow/ : $5 < least) {
			print $1 " leaves " $5
		}
		END { if (n < 40) print n " ways" }' /tmp/ways)" '' "from $from: at least $least bytes are left"
	awk -F'|' -v from="$from" '$2 == from && $5 >= 0 && (!min || $5 < min) { min = $5; way = $1 }
		END { print from ": the least left is " min " by " way }' /tmp/ways | diag
done

# deep WAY LEAST: so much is there for ordinary scripts
deep()
{
	measured || return
	got=$(awk -F'|' -v way="$1" '$1 == way && $2 == "here" { print $3 }' /tmp/ways)
	ok "$1: $got levels" test "${got:-0}" -ge "$2"
}
deep 'parser: functions' 16
deep 'parser: if' 30
deep 'parser: for' 24
deep 'parser: concat' 70
deep 'parser: tables' 30
deep 'parser: parentheses' 30
deep pcall 10
deep coroutines 10
deep index 24
deep gsub 6
deep sort 14
deep require 14
measured || skip 'what is left of the stack, how deep scripts get' 'this kernel has larger frames'
unlike "$(klog_since)" 'BUG|WARNING|Oops|stack guard|corrupt' 'the kernel had nothing to say'

# --- what has no end
klog_mark
lua "require 't/limits/endless'(1, $LUNATIK_SLOW)"
is "$status" 0 'what has no end is ended'
printf '%s\n' "$out" | grep '|' >/tmp/loops
sed '1i what | from, ms that it may take | ms it took | longest wait of a thread, of a timer | message' /tmp/loops | diag

# ended WHAT FROM MOST THREAD TIMER: after so many ms, in which a thread on that
# CPU and a timer waited for so many at most; ten times what a real machine needs
ended()
{
	measured || return
	is "$(awk -F'|' -v what="$1" -v from="$2" -v most="$3" -v thread="$4" -v timer="$5" '
		$1 == what && $2 == from {
			n++
			if ($3 > most || $4 > thread || $5 > timer || $6 !~ /stopped/) print
		}
		END { if (n != 1) print n + 0 " lines" }' /tmp/loops)" '' "$1 from $2: in time, and others had their turn"
}
ended loop thread 4000 1000 1000
ended loop timer 2500 2500 1000
ended loop hrtimer 2000 2500 2500
ended loop kprobe 2000 2500 2500
ended loop 'here 300' 2000 1000 1000
ended finalizer 'here 300' 2000 1000 1000
ended sort 'here 300' 2000 1000 1000
ended find 'here 300' 2000 1000 1000
ended rep 'here 50' 3000 2500 1000
ended sort 'timer 50' 1500 1500 1000
ended find 'timer 50' 1500 1500 1000
ended sort 'hrtimer 20' 1500 1500 1500
measured || skip 'how long it took, and others waited' 'this kernel is slow'

# by a signal to who waits for it
echo 'while true do end' >/tmp/loop.lua
before=$(date +%s%N)
timeout -s INT 1 sh -c "cat /tmp/loop.lua >$DRV"
took=$((($(date +%s%N) - before) / 1000000))
diag "a script of $DRV whose writer is interrupted after 1000 ms ends after $took ms"
ok 'a script of the device ends with who wrote it' test "$took" -lt $((4000 * LUNATIK_SLOW))
for _ in 1 2 3 4 5 6 7 8 9; do
	grep -q ' /dev/luadrv$' /proc/lunatik || break
	sleep 0.3
done
is "$(grep -c ' /dev/luadrv$' /proc/lunatik)" 0 'and is gone'
unlike "$(klog_since)" 'BUG|WARNING|rcu:.*stall|soft lockup' 'the kernel had nothing to say'

ok 'the module goes' rmmod limits
rm -r /lib/modules/lua/t
works 'a script runs'
finish
