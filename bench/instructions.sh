#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# instructions.sh BUILD_DIR [OUTFILE]: instructions per operation of the RCU
# table and of what it is compared to, in one boot of Debian's kernel with the
# packages BUILD_DIR/*.deb, in QEMU with a clock that counts instructions.
# Writes a table with tabs to OUTFILE, build/bench/instructions.tsv unless said,
# of name, entries (0: none) and instructions, then prints it as Markdown. The
# figures repeat to a fraction of a percent.
set -eu -o pipefail
. "$(dirname "$0")/../tests/harness/lib.sh"

[ -d "${1-}" ] || die "usage: instructions.sh BUILD_DIR [OUTFILE]"
build=$(cd "$1" && pwd)
out=${2:-$TOP/build/bench/instructions.tsv}
logs=$TOP/build/bench/logs
mkdir -p "${out%/*}" "$logs"

bash "$HARNESS/rootfs.sh" "$build"
say "booting a guest that counts instructions; this takes some minutes"
files=$logs/files
rm -rf "$files"
cp -r "$TOP/bench/instructions" "$files"
cc -O1 -Wall -static -o "$files/device" "$files/device.c"
LUNATIK_GUEST_ICOUNT=1 bash "$HARNESS/boot.sh" -t 3600 "$build/image" "$logs" \
	"$files" sh ./run.sh >"$logs/console" ||
	die "the guest failed: $logs/console"
sed -n 's/\r//; s/^@@bench\t//p' "$logs/console" | awk -F '\t' -v OFS='\t' '
	NF != 3 || $3 !~ /^-?[0-9]+$/ { print "unexpected: " $0 >"/dev/stderr"; bad = 1; next }
	{ printf "%s\t%s\t%.1f\n", $1, $2, $3 / 10 }
	END { exit bad || NR < 10 }' >"$out" || die "what the guest printed is not complete: $logs/console"
"$HARNESS/klog.sh" "$logs/kernel.log" || die "the kernel complained: $logs/kernel.log"

awk -F '\t' '
	!($1 in row) { row[$1] = ++rows; name[rows] = $1 }
	!($2 in column) && $2 + 0 > 0 { column[$2] = ++columns; entries[columns] = $2 }
	{ value[$1, $2] = $3 }
	function cell(n, e) { return (n, e) in value ? sprintf("%.0f", value[n, e]) : "" }
	END {
		for (i = 1; i <= columns; i++)
			for (j = i + 1; j <= columns; j++)
				if (entries[j] + 0 < entries[i] + 0) {
					t = entries[i]; entries[i] = entries[j]; entries[j] = t
				}
		printf "| instructions, with so many entries | -"
		for (c = 1; c <= columns; c++) printf " | %d", entries[c]
		print " |"
		printf "|---|---:"
		for (c = 1; c <= columns; c++) printf "|---:"
		print "|"
		for (r = 1; r <= rows; r++) {
			printf "| %s | %s", name[r], cell(name[r], 0)
			for (c = 1; c <= columns; c++) printf " | %s", cell(name[r], entries[c])
			print " |"
		}
	}' "$out"

# what is promised
awk -F '\t' '
	{ v[$1, $2] = $3 }
	function promise(what, is, most) {
		printf "%s: %.0f, at most %.0f: %s\n", what, is, most, is <= most ? "kept" : "BROKEN"
		if (is > most) bad = 1
	}
	END {
		print ""
		promise("read hit, against an empty __index and rhashtable_lookup", v["read, hit", 1000],
			v["empty __index in C", 0] + v["rhashtable_lookup from C", 1000])
		call = v["getppid()", 0]
		promise("read of a byte of a device, over the bare system call",
			v["read a byte of /dev/byte", 0] - call, 700)
		promise("write of a byte to a device, over the bare system call",
			v["write a byte to /dev/byte", 0] - call, 900)
		promise("make and stop a runtime", v["make and stop a runtime", 0], 120000)
		promise("bytes of Lua of a runtime", v["bytes of Lua of a runtime", 0], 8192)
		promise("bytes of slab of a runtime", v["bytes of slab of a runtime", 0], 10240)
		promise("read miss, against the hit", v["read, miss", 1000], v["read, hit", 1000])
		split("read, hit|replace an integer|insert an integer", names, "|")
		for (i = 1; i in names; i++)
			promise(names[i] " at 1000000 entries, against 1.3 times that at 10",
				v[names[i], 1000000], 1.3 * v[names[i], 10])
		exit bad
	}' "$out"
