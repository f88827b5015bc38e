#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# bench.sh BUILD_DIR: measures, and has bench/report.sh write it up.
set -eu -o pipefail
. "$(dirname "$0")/../tests/harness/lib.sh"

[ -d "${1-}" ] || die "usage: bench.sh BUILD_DIR"
bench=$TOP/bench
work=$TOP/build/bench
mkdir -p "$work"
"$bench/instructions.sh" "$1" "$work/instructions.tsv" | tee "$work/instructions.out"
"$bench/overhead.sh" "$1" | tee "$work/overhead.out"
"$bench/throughput.sh" "$work/throughput.tsv" | tee "$work/throughput.out"
"$bench/report.sh"
