#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# overhead.sh BUILD_DIR: what all limits of a runtime together cost, in
# instructions: the packages BUILD_DIR/*.deb against a build of the same sources
# with -DLUNATIK_UNBOUNDED, in one boot. Prints Markdown; fails where the sum of
# all costs more than 3 %.
set -eu -o pipefail
. "$(dirname "$0")/../tests/harness/lib.sh"

[ -d "${1-}" ] || die "usage: overhead.sh BUILD_DIR"
build=$(cd "$1" && pwd)
work=$TOP/build/bench
logs=$work/overhead-logs
mkdir -p "$logs"

export LUNATIK_MODULES=$work/modules
rm -rf "$LUNATIK_MODULES"
cp -r "$TOP/tests/modules" "$LUNATIK_MODULES"
cp -r "$TOP/src" "$LUNATIK_MODULES/unbounded"
find "$LUNATIK_MODULES" -name '*.o' -delete
for kbuild in "$LUNATIK_MODULES"/unbounded/Kbuild "$LUNATIK_MODULES"/unbounded/rcu/Kbuild; do
	echo 'ccflags-y += -DLUNATIK_UNBOUNDED' >>"$kbuild"
done

bash "$HARNESS/rootfs.sh" "$build"
say "booting a guest that counts instructions"
LUNATIK_GUEST_ICOUNT=1 bash "$HARNESS/boot.sh" -t 1800 "$build/image" "$logs" \
	"$TOP/bench/overhead" sh ./run.sh >"$logs/console" ||
	die "the guest failed: $logs/console"
"$HARNESS/klog.sh" "$logs/kernel.log" || die "the kernel complained: $logs/kernel.log"
sed -n 's/\r//; s/^@@bench\t//p' "$logs/console" | awk -F '\t' '
	NF != 3 { print "unexpected: " $0 >"/dev/stderr"; bad = 1; next }
	{ value[$1, $2] = $3; sum[$1] += $3; if (!seen[$2]++) name[++names] = $2 }
	function row(what, is, was) {
		if (!is || !was) { print what ": not measured" >"/dev/stderr"; bad = 1; return }
		printf "| %s | %d | %d | %+.1f %% |\n", what, was, is, (is - was) * 100 / was
	}
	END {
		print "| | without | with | cost |\n|---|---:|---:|---:|"
		for (i = 1; i <= names; i++)
			row(name[i], value["bounded", name[i]], value["unbounded", name[i]])
		row("all", sum["bounded"], sum["unbounded"])
		kept = sum["bounded"] <= 1.03 * sum["unbounded"]
		print "\nall limits together, at most 3 %: " (kept ? "kept" : "BROKEN")
		exit bad || !kept || names < 10
	}'
