#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# needs: sparse linux-headers-cloud-amd64 kmod libelf-dev
# timeout: 1200
# Address spaces, locks and types of our modules and those of the tests, by sparse.
# smatch, which looks further, is not in Debian.
. "$TOP/tests/lint/lib.sh"

headers=$(printf '%s\n' /usr/src/linux-headers-*-cloud-amd64 | sort -V | tail -n 1)
[ -f "$headers/Makefile" ] || {
	skip 'sparse' 'no headers of a kernel are here'
	finish
}
for dir in src tests/modules tests/kernels/faults bench/throughput; do
	mkdir -p "$tmp/$dir"
	cp -r "$dir/." "$tmp/$dir"
done
find "$tmp" \( -name '*.o' -o -name '.*.cmd' \) -delete
(cd "$tmp" && echo "obj-m := src/ $(printf '%s ' tests/modules/*/ tests/kernels/faults/ \
	bench/throughput/)") >"$tmp/Kbuild"
diag "against $headers"
ok 'all modules are built' nice make -k -C "$headers" -j"$(nproc)" M="$tmp" \
	KCFLAGS="-I$tmp/src/include" LUNATIK_INCLUDE="$tmp/src/include" C=2 CHECK=sparse \
	CF='-fmax-warnings=unlimited -fmax-errors=unlimited' modules || finish
printf '%s\n' "$ktap_out" >"$tmp/out"
files=$(find "$tmp/src" "$tmp/tests" "$tmp/bench" -name '*.c' ! -name '*.mod.c' \
	! -path "$tmp/src/lua/*" ! -name vm.c | wc -l)	# core/lua.c has vm.c
is "$(grep -cE '^ +CHECK +.*\.c$' "$tmp/out")" "$files" "sparse read $files files"
clean sparse 'what it found is answered' < <(
	grep -E '(warning|error|WARNING|ERROR):' "$tmp/out" | sed "s,^$tmp/,,
		s,^[a-z/]*/\.\./,src/,; s,^/usr/src/linux-headers-[^/]*/,<kernel>/,")
finish
