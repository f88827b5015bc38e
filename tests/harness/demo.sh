#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# demo.sh BUILD_DIR: installs the packages BUILD_DIR/*.deb in a guest, boots
# it and runs tests/guest/demo/demo.sh there. The exit status is 0 when that
# ended well and the kernel had nothing to complain of.
set -eu -o pipefail
. "$(dirname "$0")/lib.sh"

[ -d "${1-}" ] || die "usage: demo.sh BUILD_DIR"
build=$(cd "$1" && pwd)
image=$build/image
logs=$build/logs-demo
files=${GUEST_TESTS:-$TOP/tests/guest}
[ -f "$files/demo/demo.sh" ] || die "no $files/demo/demo.sh"

say "the packages:"
for deb in "$build"/*.deb; do
	printf '    %s\n' "${deb##*/}"
done
bash "$HARNESS/rootfs.sh" "$build"
if [ -s "$image/warnings" ]; then
	say "the DKMS build printed warnings:"
	sed 's/^/    /' "$image/warnings"
fi
say "booting $(sed -n '1s/.*, \([^,]*\), [^,]*: .*/\1/p' "$image/dkms/status" \
	2>/dev/null) in QEMU; from here on it is the guest that speaks"
status=0
bash "$HARNESS/boot.sh" -t "${LUNATIK_BOOT_TIMEOUT:-600}" "$image" "$logs" \
	"$files" sh ./demo/demo.sh | sed -u '/^@@lunatik /d' ||
	status=${PIPESTATUS[0]}
say "the guest ended: $(head -n 1 "$logs/result")"
if ! "$HARNESS/klog.sh" "$logs/kernel.log"; then
	die "the kernel complained; its log: $logs/kernel.log"
fi
[ "$status" -eq 0 ] || die "the demo failed; the logs: $logs"
say "the kernel's log is clean: $logs/kernel.log"
