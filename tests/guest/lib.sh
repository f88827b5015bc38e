# SPDX-License-Identifier: MIT OR GPL-2.0-only
# shellcheck shell=sh
# For tests in the guest: sourced after ktap.sh. TESTDIR is where they lie.

DRV=/dev/luadrv

# packaged: DKMS made the modules of the kernel that runs; else the harness did,
# for a kernel of tests/kernels
packaged()
{
	[ -d "/var/lib/dkms/lunatik/kernel-$(uname -r)-x86_64" ]
}
UNPACKAGED='DKMS has built no modules for this kernel, the harness has'

# built_in: the kernel has Lunatik in it, nothing of that is loaded or unloaded
built_in()
{
	grep -q '/lunatik\.ko$' "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null
}
BUILT_IN='built in'
if built_in; then UNPACKAGED=$BUILT_IN; fi

# run FILE: runs it in the kernel. Its output, or message, is in $out and the
# status of the write in $status, what that said on standard error in $err.
run()
{
	exec 3<>"$DRV"
	if err=$(cat "$1" 2>&1 >&3); then status=0; else status=$?; fi
	out=$(cat <&3 2>&1)
	exec 3>&-
}

# lua TEXT: the same for a text
lua()
{
	printf '%s' "$1" >/tmp/script.lua
	run /tmp/script.lua
}

# answers TEXT OUTPUT NAME: the script succeeds and prints that
answers()
{
	lua "$1"
	is "$status:$out" "0:$2" "$3"
}

# refuses TEXT PATTERN NAME: the script fails, with a message that matches
refuses()
{
	lua "$1"
	if [ "$status" -eq 0 ]; then
		fail "$3"
		diag "the script succeeded; output: $out"
		return 1
	fi
	like "$out" "$2" "$3"
}

# works NAME: whatever came before, the next script runs
works()
{
	answers 'print(6 * 7)' 42 "$1"
}

# PREEMPT_RT refuses hardirq runtimes
REALTIME=
CONTEXTS='process softirq hardirq'
# who enters them in tests/modules/contexts
SOURCES='threads timer tasklet hrtimer irq_work kprobe'
if uname -v | grep -q PREEMPT_RT; then
	REALTIME='PREEMPT_RT has no hardirq runtimes' CONTEXTS='process softirq'
	SOURCES='threads timer tasklet'
fi
ATOMIC=${CONTEXTS#process }

# contexts: a list of them for scripts, which is require "t.contexts"
contexts()
{
	mkdir -p /lib/modules/lua/t
	printf 'return {"%s"}\n' "$(echo "$CONTEXTS" | sed 's/ /", "/g')" >/lib/modules/lua/t/contexts.lua
}

# unload: all modules, what holds others first
unload()
{
	for _ in 1 2 3; do
		for holder in /sys/module/lunatik/holders/*; do
			[ ! -e "$holder" ] || modprobe -r "${holder##*/}" 2>/dev/null
		done
	done
	modprobe -r luarcu lunatik luadrv
}

# klog_since MARK: the kernel log after a line written by klog_mark
klog_mark()
{
	KLOG_MARK="lunatik-test-mark-$$-$(date +%s%N)"
	echo "$KLOG_MARK" >/dev/kmsg
}

klog_since()
{
	# all of it, where so much was logged since that the mark is lost; races of the
	# kernel with itself are its own
	dmesg | awk -v mark="$KLOG_MARK" '
	{ line[NR] = $0 }
	index($0, mark) { from = NR }
	END {
		for (i = from + 1; i <= NR; i++)
			if (line[i] !~ /KCSAN: data-race in [^[]*$/) print line[i]
	}'
}

# kB that it may hold more than before. KASAN's quarantine keeps what was freed, up
# to a part in 32 of the memory; there kmemleak is who tells.
SLACK=2000
[ ! -e /sys/kernel/debug/kmemleak ] ||
	SLACK=$((SLACK + $(sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' /proc/meminfo) / 32))

# slab_kb: what the kernel holds in slab and vmalloc, after it settled
slab_kb()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	echo 2 >/proc/sys/vm/drop_caches
	# slabs with nothing in them are kept for a while
	for cache in /sys/kernel/slab/kmalloc-*/shrink; do
		[ ! -e "$cache" ] || echo 1 >"$cache"
	done
	awk '/^SUnreclaim|^VmallocUsed/ { kb += $2 } END { print kb }' /proc/meminfo
}

# slab_growth FILE: which caches grew most since FILE was /proc/slabinfo, and by how
# much what is in use of them did
slab_growth()
{
	awk 'NR == FNR { used[$1] = $2 * $4; before[$1] = $3 * $4; next }
		FNR > 2 && $3 * $4 - before[$1] >= 102400 {
			printf "%s %d kB, in use %d kB\n", $1, ($3 * $4 - before[$1]) / 1024,
				($2 * $4 - used[$1]) / 1024
		}' "$1" /proc/slabinfo | sort -k 2 -n -r | head -n 8
}
