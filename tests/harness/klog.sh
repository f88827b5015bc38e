#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# klog.sh FILE: looks for trouble in a log of the kernel's console, shows each
# find with the lines around it, and exits with status 1 when there was any.
# What scripts print is not looked at: after the time stamp such a line begins
# with 'lunatik:', 'luadrv:' or, for the harness, 'lunatik-harness:'. Of races that
# KCSAN reports, those count in which a module had a part, which the first line of
# the report tells; the kernel has some of its own. While the test 58-faults has
# allocations fail, the kernel may say that they do, with a trace.
set -eu

exec awk '
BEGIN {
	trouble = "WARNING:|BUG:|BUG |kernel BUG at|Oops|" \
		"[Gg]eneral protection|Call Trace|Modules linked in|" \
		"Kernel panic|double fault|invalid opcode|stack guard page|" \
		"[Uu]nable to handle|segfault at|" \
		"UBSAN|KASAN|KCSAN|KFENCE|ODEBUG|kmemleak:.*suspected|" \
		"rcu: INFO|rcu_.*detected stall|[Ss]oft lockup|" \
		"hard LOCKUP|workqueue lockup|blocked for more than|" \
		"scheduling while atomic|sleeping function called|" \
		"possible recursive locking|possible circular locking|" \
		"inconsistent lock state|suspicious RCU usage|" \
		"held lock freed|trying to register non-static key|" \
		"page allocation failure|Out of memory: Killed|" \
		"refcount_t|list_(add|del) corruption|Bad page state|" \
		"disagrees about version of symbol|nobody cared"
	before = 8
	after = 12
}
{
	sub(/\r$/, "")
	line[NR] = $0
	text = $0
	sub(/^(<[0-9]+>)?\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? /, "", text)
	if (text ~ /^lunatik-harness: /) {
		current = text
		sub(/^lunatik-harness: */, "", current)
		short = 0
	} else if (current == "begin 58-faults.sh" &&
		   text ~ /page allocation failure|vmalloc error/) {
		short = NR
	} else if (text !~ /^(lunatik|luadrv):/ && text ~ trouble) {
		if (short && NR - short < 20 && text ~ /^Call Trace|^Modules linked in/)
			next
		if (text ~ /KCSAN: data-race in / && text !~ /\[[a-z_]+\]/)
			next
		hit[NR] = 1
		where[NR] = current
		hits++
	}
}
END {
	for (i = 1; i <= NR; i++) {
		if (!(i in hit))
			continue
		from = i - before
		if (from <= shown)
			from = shown + 1
		if (from > shown + 1 || !shown || where[i] != was)
			printf "--- line %d%s\n", i, \
				where[i] == "" ? "" : ", after: " where[i]
		was = where[i]
		for (j = from; j <= i + after && j <= NR; j++) {
			print (j in hit ? "> " : "  ") line[j]
			shown = j
		}
	}
	exit hits > 0
}' "$1"
