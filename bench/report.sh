#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# report.sh: writes bench/RESULTS.md and throughput.svg, of what was measured
# last.
set -eu -o pipefail
. "$(dirname "$0")/../tests/harness/lib.sh"

bench=$TOP/bench
work=$TOP/build/bench
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

## What limits cost

Instructions of ordinary scripts, with and without the budgets of memory, time and
kernel stack and what accounts for them, in one boot. Again:
`bench/overhead.sh build`.

X
	markdown "$work/overhead.out"
	cat <<'X'

## Throughput

In real time, at native speed, in user-mode Linux 7.2 with SMP. Two CPUs
against one: `-read` and `-write` say what the threads do, `rht` is the kernel's
rhashtable from C, `mutex` a plain Lua table in one runtime. Again:
`bench/throughput.sh`, on a machine that does nothing else.

The ratio is that of two CPUs to one at the same speed of the processor, the
median of pairs of samples taken one right after the other; so it is not the
quotient of the two medians, and one over 2 is an error of the measurement. A
pair in which the host took a tenth of the time is left out. The kernel has one
patch, `tests/kernels/um-irq.patch`: it keeps its interrupt flag without a system
call, which stock user-mode Linux makes wherever interrupts are turned off, and
which costs more than what is measured. Its `smp_store_release()` is a fence.

X
	markdown "$work/throughput.out"
	printf '\n![throughput](throughput.svg)\n'
} >"$bench/RESULTS.md"
say "written: bench/RESULTS.md, bench/throughput.svg"
