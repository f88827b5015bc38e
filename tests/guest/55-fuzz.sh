#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 20000
# Programs from a generator, each in a runtime of its own with a budget: half in
# process context, a quarter each in softirq and hardirq. lunatik.fuzz=PROGRAMS,SEED
# on the kernel's command line, else 1500 from a seed of the day, and fewer in a slow
# kernel. That of each
# program is in the log before it runs.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu
mkdir -p /lib/modules/lua/t/hostile
cp -r "$TESTDIR/scripts/fuzz" /lib/modules/lua/t/
cp "$TESTDIR/scripts/hostile/good.lua" /lib/modules/lua/t/hostile/
contexts

args=$(sed -n 's/.*lunatik\.fuzz=\([0-9,]*\).*/\1/p' /proc/cmdline)
programs=${args%%,*}
seed=${args##*,}
programs=${programs:-$((1500 / LUNATIK_SLOW))} seed=${seed:-$(($(date +%s) % 1000000 * 1000))}
size=250
ill=0
trouble='BUG|WARNING|Oops|Call Trace|rcu:.*stall|soft lockup|blocked for more|Out of memory'

# batch FIRST COUNT: its outcomes, a line 'healthy result=N error=N ...'
batch()
{
	lua "print(require 't/fuzz/batch'($1, $2, $LUNATIK_SLOW))"
	line=$(printf '%s\n' "$out" | grep -E '^(healthy|ILL)') || line="ILL $out"
	printf '%s\n' "$out" | sed -n 's/^syntax:/seed in &/p' | head -n 3 | diag
}

batch $((seed + programs)) 50	# what is allocated once is there
: >/tmp/fuzz
before=$(slab_kb)
runtimes=$(sed 's/.* //' /proc/lunatik)	# of other tests
started=$(cut -d. -f1 /proc/uptime)
klog_mark
n=0
while [ "$n" -lt "$programs" ]; do
	count=$((programs - n < size ? programs - n : size))
	batch $((seed + n)) "$count"
	printf '%s\n' "$line" >>/tmp/fuzz
	case $line in
	healthy*) ;;
	*) ill=$((ill + 1)); diag "seeds from $((seed + n)): $line" ;;
	esac
	n=$((n + count))
	[ $((n % 5000)) -ne 0 ] || diag "seeds $seed to $((seed + n - 1)): $line"
	if klog_since | grep -qE "$trouble"; then
		diag "seeds from $((seed + n - count)): the kernel had something to say"
		break
	fi
	klog_mark
done
took=$(($(cut -d. -f1 /proc/uptime) - started))
is "$ill" 0 "programs from seed $seed on: each time the next script is right"
sums=$(awk '{ for (i = 2; i <= NF; i++) { split($i, a, "="); sum[a[1]] += a[2] } }
	END { for (how in sum) { printf "%s=%d ", how, sum[how]; all += sum[how] } print "all=" all + 0 }' /tmp/fuzz)
diag "$sums in $took s"
is "${sums##*=}" "$programs" "$programs programs end"
for how in result error stopped; do
	like "$sums" "(^| )$how=[1-9]" "some of them by $how"
done
like "$(sed -n 's/.* syntax=//p' /tmp/fuzz | awk -v all="$programs" '{ n += $1 } END { print (n * 20 < all ? "few" : n) }')" few \
	'few of them do not parse'
unlike "$(klog_since)" "$trouble" 'the kernel had nothing to say'
sleep 3		# what workers and RCU still free
after=$(slab_kb)
diag "slab and vmalloc before $before kB, after $after kB"
ok 'nothing is left of them' test $((after - before)) -lt $SLACK
is "$(sed 's/.* //' /proc/lunatik)" "$runtimes" 'and no runtime'
rm -r /lib/modules/lua/t
works 'a script runs'
finish
