#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 3600
# Every allocation failed once, in a kernel with fault injection: by scripts
# and in C (tests/modules/fail), in system calls and in the thread that runs a
# script (faults/fault.c). The tables have for each operation the way to fail,
# how many allocations did, and how often the operation failed for that.
# ONLY='lua c device modules' says which parts; all of them unless it is set.
# A kernel without fault injection does the part in C, with slab allocations failed
# by a probe.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu
if [ ! -e /proc/self/fail-nth ]; then
	mkdir -p /lib/modules/lua/t
	cp -r "$TESTDIR/scripts/faults" /lib/modules/lua/t/
	before=$(slab_kb)
	klog_mark
	if insmod "${MODULES:-/opt/lunatik-modules}/fail/fail.ko" campaign=1 2>/tmp/fail; then
		ok 'operations in C fail cleanly' true
		klog_since | sed -n 's/.*\(fail: .*\)/\1/p' | diag
		like "$(klog_since)" 'fail: [0-9]{2,} operations, [0-9]{3,} faults, 0 wrong' 'all of them'
		ok 'the module goes' rmmod fail
		unlike "$(klog_since)" 'BUG|WARNING|Oops' 'the kernel had nothing to say'
		lua 'collectgarbage()'
		after=$(slab_kb)
		diag "slab and vmalloc before $before kB, after $after kB"
		ok 'nothing is left of them' test $((after - before)) -lt "$SLACK"
	elif grep -q 'Operation not supported' /tmp/fail; then
		skip 'slab allocations failed once' 'there is nothing to probe (kprobes, should_failslab)'
	else
		klog_since | sed -n 's/.*\(fail: .*\)/\1/p' | cat /tmp/fail - | diag
		ok 'operations in C fail cleanly' false
	fi
	skip 'every allocation failed once' 'this kernel has no fault injection (CONFIG_FAULT_INJECTION)'
	rm -r /lib/modules/lua/t
	works 'a script runs'
	finish
fi
: "${ONLY:=lua c device modules}"
debug=/sys/kernel/debug
[ -e $debug/failslab ] || mount -t debugfs none $debug
modules=${MODULES:-/opt/lunatik-modules}
fault=$TESTDIR/faults/fault
mkdir -p /lib/modules/lua/t
cp -r "$TESTDIR/scripts/faults" /lib/modules/lua/t/
parameters=/sys/module/lunatik/parameters

# allocations that may sleep as well, and pages one by one
for kind in failslab fail_page_alloc; do
	echo 0 >$debug/$kind/probability
	echo N >$debug/$kind/ignore-gfp-wait
	echo 0 >$debug/$kind/verbose
done
echo N >$debug/fail_page_alloc/ignore-gfp-highmem
echo 0 >$debug/fail_page_alloc/min-order
[ ! -e $debug/fail_usercopy/verbose ] || echo 0 >$debug/fail_usercopy/verbose

# least FILE SCRIPT: the smallest limit in FILE, to the byte, with which SCRIPT
# succeeds: what is accounted for and was given back does not count in it
least()
{
	least_was=$(cat "$1") low=0 high=$((4 << 20))
	while [ $((high - low)) -gt 1 ]; do
		middle=$(((low + high) / 2))
		echo $middle >"$1"
		lua "$2 print 'done'"
		if [ "$out" = 'done' ]; then high=$middle; else low=$middle; fi
	done
	echo "$least_was" >"$1"
	echo $high
}
total() { least $parameters/memory_total 'collectgarbage()'; }
held() { least /sys/module/luarcu/parameters/memory 'require "rcu".table(1)'; }
counts() { (cd /sys/module && grep . lunatik/refcnt luadrv/refcnt luarcu/refcnt) | tr '\n' ' '; }

# settled: after what is put off was done, and a grace period
settled()
{
	lua 'collectgarbage()'
	sleep 1
}
leaks()
{
	sleep 6		# younger ones are not looked at
	echo scan >$debug/kmemleak
	sleep 1
	echo scan >$debug/kmemleak
	cat $debug/kmemleak
}
# it may be there and turned off
leaks_are_told() { [ -e $debug/kmemleak ] && (echo scan=off >$debug/kmemleak) 2>/dev/null; }
if leaks_are_told; then
	leaks >/dev/null
	echo clear >$debug/kmemleak
fi
settled
was_total=$(total) was_held=$(held) was_counts=$(counts)
klog_mark
mark=$KLOG_MARK

# --- by scripts
case " $ONLY " in *" lua "*)
	insmod "$modules/fail/fail.ko"
	contexts
	for context in $CONTEXTS; do
		time=2000 runtimes=false pause=
		case $context in
		process) time=60000; [ "$LUNATIK_SLOW" -gt 4 ] || runtimes=true ;;
		hardirq) pause='fail.pause()' ;;	# a worker sets entries aside for it
		esac
		lua "local fail = require 'fail'
		local r <close> = lunatik.runtime('t/faults/ops', '$context', {time = $time})
		local results
		repeat results = {r:resume('$context', $runtimes)} $pause until results[1]
		print(table.concat(results, '\n'))"
		printf '%s\n' "$out" | sed 1d | diag
		is "$status" 0 "scripts in a $context runtime come to the end"
		like "$out" '^[0-9]{2,} operations, [0-9]{3,} faults, 0 wrong' \
			"$context: each failure is clean ($(printf '%s\n' "$out" | head -n 1))"
	done
	[ "$LUNATIK_SLOW" -le 4 ] || skip 'a runtime makes, resumes and stops others' \
		'takes an hour in a kernel this slow; make check KERNEL=uml TESTS=guest/58 does it'
	lua 'collectgarbage() collectgarbage() print((require "fail".alive()))'
	is "$out" 0 'their objects are released'
	settled
	ok 'the module goes' rmmod fail
	;;
esac

# --- in C
case " $ONLY " in *" c "*)
	klog_mark
	ok 'operations in C fail cleanly' insmod "$modules/fail/fail.ko" campaign=1
	klog_since | sed -n 's/.*\(fail: .*\)/\1/p' | diag
	like "$(klog_since)" 'fail: [0-9]{2,} operations, [0-9]{3,} faults, 0 wrong' 'all of them'
	settled
	rmmod fail
	;;
esac

# --- system calls, and the thread
case " $ONLY " in *" device "*)
	if [ -x "$fault" ]; then
		cat >/tmp/small.lua <<-'X'
		local rcu = require "rcu"
		local t, s = rcu.table(8), 0
		for i = 1, 20 do t["k" .. i] = ("v"):rep(i) end
		for k, v in pairs(t) do s = s + #v end
		print(s)
		return require "t.faults.library".answer
		X
		{ cat /tmp/small.lua; for i in $(seq 3000); do echo "-- $i ..........................................."; done; } |
			awk '{ line[NR] = $0 } END { for (i = 7; i <= NR; i++) print line[i]; for (i = 1; i <= 6; i++) print line[i] }' >/tmp/large.lua
		for args in 'session small' 'session large' 'thread small' 'forever small' 'proc -'; do
			# shellcheck disable=SC2086 # words
			set -- $args
			ok "fault $args" "$fault" "$1" "/tmp/$2.lua" "$2"
			printf '%s\n' "$ktap_out" | diag
		done
	else
		skip 'system calls' 'faults/fault.c was not compiled'
	fi
	;;
esac
works 'a script runs'

# nothing is kept, to the byte
settled
diag "memory of runtimes, of tables, references: $(total), $(held), $(counts)"
is "$(total)" "$was_total" 'no memory of a runtime stays accounted for'
is "$(held)" "$was_held" 'nor of a table'
is "$(counts)" "$was_counts" 'nobody holds a module who did not before'

# --- the worker that resizes, the reserve that is filled: both go on with less
lua 'rcu.table = require "rcu".table(1)'
for pid in $(ps -o pid,comm 2>/dev/null | awk '/kworker/ { print $1 }'); do
	echo 1 2>/dev/null >/proc/"$pid"/make-it-fail
done
for kind in failslab fail_page_alloc; do
	echo Y >$debug/$kind/task-filter
	echo 100000 >$debug/$kind/times
	echo 100 >$debug/$kind/probability
done
answers 'local t, n, s = rcu.table, 0, 0
for i = 1, 3000 do t["k" .. i] = i end
for k, v in pairs(t) do n = n + 1 s = s + v end print(#t, n, s)' '3000	3000	4501500' 'a table that cannot grow is whole'
sleep 1
failed=$((200000 - $(cat $debug/failslab/times) - $(cat $debug/fail_page_alloc/times)))
for kind in failslab fail_page_alloc; do
	echo 0 >$debug/$kind/probability
	echo N >$debug/$kind/task-filter
done
for file in /proc/[0-9]*/make-it-fail; do echo 0 2>/dev/null >"$file"; done
diag "$failed allocations of workers failed"
answers 'local t, n, s = rcu.table, 0, 0
for i = 3001, 9000 do t["k" .. i] = i end
for k, v in pairs(t) do n = n + 1 s = s + v end print(#t, n, s)
rcu.table = nil' '9000	9000	40504500' 'and grows later'

# --- loading and unloading
case " $ONLY " in *" modules "*)
	at=/lib/modules/$(uname -r)/updates/dkms
	if grep -q 'User Mode Linux' /proc/cpuinfo; then
		# flush_tlb_kernel_range() of 6.1 goes through what lies between two mappings
		skip 'loading' 'user-mode Linux is busy for hours when it frees a module that was not loaded'
	elif [ -x "$fault" ] && [ -e "$at/luarcu.ko" ]; then
		settled
		while read -r call name options; do
			[ "$call" = load ] && ! rmmod "$name" && break
			ok "$name: $call" "$fault" "$call" "$at/$name.ko" "$name" "$options"
			printf '%s\n' "$ktap_out" | diag
		done <<-X
		unload luarcu hardirq_entries=4
		load luarcu hardirq_entries=4
		X
		rmmod luarcu
		for call in unload load; do
			[ $call = unload ] || rmmod lunatik
			ok "lunatik: $call" "$fault" $call "$at/lunatik.ko" lunatik ''
			printf '%s\n' "$ktap_out" | diag
		done
		rmmod lunatik
		for call in unload load; do
			[ $call = unload ] || rmmod luadrv
			ok "luadrv: $call" "$fault" $call "$at/luadrv.ko" luadrv ''
			printf '%s\n' "$ktap_out" | diag
		done
	else
		skip 'loading' 'no program, or the modules are elsewhere'
	fi
	;;
esac

modprobe luarcu
works 'a script runs'
KLOG_MARK=$mark
unlike "$(klog_since)" 'BUG|WARNING|KASAN|UBSAN|Oops|left held|inconsistent|ODEBUG|suspicious|circular|recursive' 'the kernel had nothing to say'
rm -r /lib/modules/lua/t
unload
if leaks_are_told; then
	is "$(leaks)" '' 'kmemleak finds nothing'
else
	skip 'kmemleak finds nothing' 'this kernel has no kmemleak, or it is off'
fi
modprobe luarcu
finish
