#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# bench.sh BUILD_DIR: measures, and writes bench/RESULTS.md and throughput.svg.
set -eu -o pipefail
. "$(dirname "$0")/../tests/harness/lib.sh"

[ -d "${1-}" ] || die "usage: bench.sh BUILD_DIR"
bench=$TOP/bench
work=$TOP/build/bench
mkdir -p "$work"
"$bench/instructions.sh" "$1" "$work/instructions.tsv" | tee "$work/instructions.out"
"$bench/throughput.sh" "$work/throughput.tsv" | tee "$work/throughput.out"
"$bench/plot.sh" "$work/throughput.tsv" "$bench/throughput.svg"

# markdown FILE: its table, and what is said below it
markdown()
{
	sed -n '/^|/p' "$1"
	echo
	sed -n '/^|/,$p' "$1" | grep -v '^|' | sed '/^$/d; s/^/- /' || :
}

{
	cat <<'X'
# Results

Written by `make bench`; not by hand.

## Instructions

One boot of Debian's 6.1 cloud kernel in QEMU 7.2 with `-icount shift=0` and
one CPU, where a nanosecond is an instruction. From Lua, with the loop and the
fetch of the key taken off; medians of five loops of 20,000, for inserting and
deleting of 1,000. A repeated instruction, such as `rep stos`, counts as often as
it repeats: the kernel zeroes what it allocates. Again: `bench/instructions.sh
build`.

X
	markdown "$work/instructions.out"
	cat <<'X'

## Throughput

In real time, at native speed, in user-mode Linux 7.2 with SMP. Two CPUs
against one: `-read` and `-write` say what the threads do, `rht` is the kernel's
rhashtable from C, `mutex` a plain Lua table in one runtime. Again:
`bench/throughput.sh`, on a machine that does nothing else.

X
	markdown "$work/throughput.out"
	printf '\n![throughput](throughput.svg)\n'
} >"$bench/RESULTS.md"
say "written: bench/RESULTS.md, bench/throughput.svg"
