#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 1800
# The style of our C, by the kernel's checkpatch.pl, and all that it can look for.
. "$TOP/tests/lint/lib.sh"

kernel_scripts || {
	skip 'checkpatch.pl' "the kernel's source could not be had"
	finish
}
git ls-files '*.c' '*.h' '*.S' >"$tmp/files"
mapfile -t files <"$tmp/files"
export scripts tmp
# each to a file of its own, for they run at the same time
ok "checkpatch.pl read ${#files[@]} files" nice xargs -a "$tmp/files" -P "$(nproc)" -n 6 sh -c '
	perl "$scripts/checkpatch.pl" --no-tree --strict --terse --show-types --no-summary \
		-f "$@" >"$tmp/out.$$" 2>&1
	[ $? -le 1 ] # 1: it found something' sh
clean checkpatch 'what it found is answered' < <(sort -u "$tmp"/out.*)
finish
