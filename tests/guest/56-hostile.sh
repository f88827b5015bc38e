#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 1200
# Hostile scripts: scripts/hostile/*.txt, each case in a runtime of its own, in
# each context. Whatever one does, it ends within its budget, and the next
# script gets the right answer. What a case leaves behind is gone as well.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu
lib=/lib/modules/lua/t/hostile
mkdir -p "$lib"
cp "$TESTDIR"/scripts/hostile/*.lua "$lib"

# what one may take, beyond its budget, on a machine that is emulated and busy
slack=$((4000 * LUNATIK_SLOW))

# cases CLASS: each of CLASS.txt becomes a script that returns it as a function
cases()
{
	rm -rf "$lib/c"
	mkdir "$lib/c"
	awk -v dir="$lib/c" '
	function done() { if (file) { print "end" >file; close(file) } }
	/^### / {
		done()
		file = dir "/" (++n) ".lua"
		names = names n " " substr($0, 5) "\n"
		print "pcall(require, \"rcu\") return function(...)" >file
		next
	}
	{ print >file }
	END { done(); printf "%s", names >(dir "/names") }' "$TESTDIR/scripts/hostile/$1.txt"
	count=$(wc -l <"$lib/c/names")
}

total=0 worst=0
klog_mark
for file in "$TESTDIR"/scripts/hostile/*.txt; do
	class=$(basename "$file" .txt)
	cases "$class"
	for context in $CONTEXTS; do
		lua "local run = require 't/hostile/run'
		for i = 1, $count do
			print(i .. ' ' .. run('t/hostile/c/' .. i, '$context'))
			collectgarbage()
		end"
		printf '%s\n' "$out" >/tmp/outcomes
		awk 'NR == FNR { n = $1; sub(/^[0-9]* /, ""); name[n] = $0; next }
			{ n = $1; sub(/^[0-9]* /, ""); print name[n] ": " $0 }' \
			"$lib/c/names" /tmp/outcomes | diag
		ended=$(grep -cE '^[0-9]+ (result|error|stopped|memory|overflow|too complex|not made) [0-9]+ ms, ' /tmp/outcomes)
		is "$status $ended" "0 $count" "$class, $context: $count cases end"
		is "$(grep -c ' ms, healthy: ' /tmp/outcomes)" "$count" 'each time the next script is right'
		late=$(sed -n 's/^[0-9]* [a-z ]* \([0-9]*\) ms,.*/\1/p' /tmp/outcomes | sort -n | tail -n 1)
		ok "the longest takes $late ms" test "${late:-999999}" -lt $((1000 + slack))
		total=$((total + count))
		[ "${late:-0}" -le "$worst" ] || worst=$late
	done
done
diag "$total runs, the longest $worst ms"
log=$(klog_since)
unlike "$log" 'BUG|WARNING|Oops|Call Trace|rcu:.*stall|soft lockup|blocked for more|Out of memory' \
	'the kernel had nothing to say'
rm -r "$lib"
works 'a script runs'
finish
