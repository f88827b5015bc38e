#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# coverage.sh BUILD_DIR [--report]: what lines of src/ run in the tests of guest/,
# Lua's own files left out. The kernels below run tests with modules that count;
# what they count is added up. With --report, what was counted before.
#
#   BUILD_DIR/coverage/report      a line for each file: lines, those that ran
#   BUILD_DIR/coverage/uncovered   blocks of lines that did not, with their text
#   BUILD_DIR/coverage/counts      file, line, how often it ran
#   BUILD_DIR/coverage/KERNEL      as check.sh leaves it, its output in check.log
#
#   LUNATIK_COVERAGE_RUNS='KERNEL:TESTS...'   instead of these: 'tree:' runs all,
#                                             'kasan:guest/58,guest/45' two
#
# needs: bc bison flex kmod libelf-dev libssl-dev rsync
set -eu -o pipefail
. "$(dirname "$0")/../harness/lib.sh"

[ -d "${1-}" ] || die "usage: coverage.sh BUILD_DIR [--report]"
build=$(cd "$1" && pwd)
out=$build/coverage
# the second has fault injection: the ways out when an allocation fails
: "${LUNATIK_COVERAGE_RUNS:=tree: kasan:guest/58}"
mkdir -p "$out"

# run KERNEL TESTS: leaks are looked for elsewhere, which takes long
run()
{
	say "running ${2:-all tests} in the kernel $1, output in $out/$1/check.log"
	mkdir -p "$out/$1"
	LUNATIK_KERNEL=$1 LUNATIK_COVERAGE=1 TESTS="${2//,/ }" \
		LUNATIK_GUEST_ARGS="kmemleak=off ${LUNATIK_GUEST_ARGS-}" \
		"$HARNESS/check.sh" "$build" >"$out/$1/check.log"
}

# counts KERNEL: a line 'file line count' for each line of ours that has code
counts()
{
	local work=$out/$1 src=$out/$1/out/src object n=0

	rm -rf "$work/gcov"
	mkdir "$work/gcov"
	tar -C "$work/gcov" -xf "$work/counts.tar"
	find "$work/gcov$src" -name '*.gcda' | while read -r object; do
		object=${object#"$work/gcov"}
		cp "$work/gcov$object" "$object"
		# a header is there once for each
		mkdir "$work/gcov/$((n += 1))"
		# which says of each header of the kernel that it is not there
		(cd "$work/gcov/$n" && gcov -px "$object" >/dev/null 2>&1)
	done
	awk -F: -v src="$src/" '
	{ count = $1; line = $2; gsub(/ /, "", count); line += 0 }
	line == 0 && $3 == "Source" {
		file = $4
		while (sub(/[^\/]+\/\.\.\//, "", file));
		ours = sub("^" src, "", file) && file !~ /^lua\//
	}
	line && ours && count != "-" {
		sub(/\*$/, "", count)
		print file, line, count + 0
	}' "$work"/gcov/*/*.gcov
}

status=0
for pair in $LUNATIK_COVERAGE_RUNS; do
	[ "${2-}" = --report ] || run "${pair%%:*}" "${pair#*:}" || status=1
	counts "${pair%%:*}" >"$out/counts.${pair%%:*}" || die "no counts of ${pair%%:*}"
done
cat "$out"/counts.* | awk '{ n[$1 " " $2] += $3 } END { for (i in n) print i, n[i] }' |
	sort -k 1,1 -k 2,2n >"$out/counts"

awk '
function percent(some, all) { return int(some * 1000 / all) / 10 }
{
	lines[$1]++; ran[$1] += $3 > 0
	dir = $1; sub(/\/.*/, "", dir); dirs[dir]++; dirsran[dir] += $3 > 0
}
END {
	for (file in lines)
		printf "%-24s %6d %6d %6.1f\n", file, lines[file], ran[file], percent(ran[file], lines[file]) | "sort"
	close("sort")
	print ""
	for (dir in dirs)
		printf "%-24s %6d %6d %6.1f\n", dir "/", dirs[dir], dirsran[dir], percent(dirsran[dir], dirs[dir]) | "sort"
}' "$out/counts" >"$out/report"

awk -v top="$TOP/src/" '
function done() { if (from) printf "\n%s:%d-%d\n%s", file, from, to, text; from = 0; text = "" }
$1 != file { done(); file = $1; at = 0; while ((getline source[++at] < (top file)) > 0); close(top file) }
$3 > 0 { done() }
$3 == 0 {
	if (!from) from = $2
	else for (i = to + 1; i < $2; i++) text = text sprintf("%5d  %s\n", i, source[i])
	to = $2
	text = text sprintf("%5d! %s\n", to, source[to])
}
END { done() }' "$out/counts" >"$out/uncovered"

cat "$out/report"
say "what did not run is in $out/uncovered"
exit "$status"
