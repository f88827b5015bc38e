#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# debian.sh BUILD_DIR [KERNEL...]: the tests of the guest in each of Debian's kernels
# that tests/harness/debian.sh has, or in these, and a table of what came of it in
# BUILD_DIR/kernels.txt, and in tests/KERNELS.md. A line for a kernel that is not asked
# for stays as it is.
#
#   TESTS   as for check.sh
#
# What a kernel's tests print is in BUILD_DIR/KERNEL/logs/check.log.
set -euf -o pipefail
. "$(dirname "$0")/../harness/lib.sh"

build=$1
shift
[ $# -gt 0 ] || set -- 5.10 6.1 6.12 7.2 7.3 6.1-rt 6.12-rt
table=$build/kernels.txt

# count WORD LINE: the number before it
count()
{
	local number

	number=$(grep -oE "[0-9]+ $1" <<<"$2") || number=0
	echo "${number%% *}"
}

# row KERNEL: what the last run of its tests said, as a line of the table
row()
{
	local dir=$build/$1 image=$build/$1/image last built warnings

	[ "$1" != 6.1 ] || image=$build/image
	last=$(tail -n 1 "$dir/logs/check.log")
	built=$(sed -n 's/^lunatik\/[^,]*, \([^,]*\),.*/\1/p' "$image/dkms/status" 2>/dev/null) || :
	warnings=$(wc -l <"$image/warnings" 2>/dev/null) || warnings='?'
	printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$1" "${built:-not built}" "$warnings" \
		"$(grep -c '# Subtest: guest/' "$dir/logs/check.log")" "$(count passed "$last")" "$(count failed "$last")" "$(count skipped "$last")"
}

status=0
for kernel; do
	mkdir -p "$build/$kernel/logs"
	say "the tests in Linux $kernel"
	LUNATIK_DEBIAN=$kernel TESTS=${TESTS:-guest/} bash "$HARNESS/check.sh" "$build" |
		tee "$build/$kernel/logs/check.log" || status=1
	{
		echo '| Linux | version | build warnings | test scripts | passed | failed | skipped |'
		echo '|---|---|---|---|---|---|---|'
		{
			! [ -f "$table" ] || tail -n +3 "$table" | grep -vF "| $kernel |" || :
			row "$kernel"
		} | sort -V -t '|' -k 2,2
	} >"$table.new"
	mv "$table.new" "$table"
done
{
	echo '<!-- SPDX-License-Identifier: MIT OR GPL-2.0-only -->'
	echo '# The tests in kernels of Debian'
	echo
	echo 'Written by `make check-kernels`. The modules were built by DKMS for that kernel, which'
	echo 'was booted; of how many scripts of tests/guest the checks are is in the fourth column.'
	echo
	cat "$table"
} >"$TOP/tests/KERNELS.md"
cat "$table"
exit "$status"
