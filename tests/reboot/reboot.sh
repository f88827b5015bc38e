#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# reboot.sh BUILD_DIR: a guest that is booted by systemd enables scripts, is rebooted,
# and has them running; disables them, is rebooted, and has not. What happens in there
# is guest/stage.sh. Prints KTAP. Logs: BUILD_DIR/reboot.
set -eu -o pipefail
. "$(dirname "$0")/../harness/lib.sh"
[ -d "${1-}" ] || die "usage: reboot.sh BUILD_DIR"
build=$(cd "$1" && pwd)
logs=$build/reboot
files=$logs/files
rm -rf "$logs"
mkdir -p "$files"

bash "$HARNESS/rootfs.sh" "$build"
cp -r "$TOP/tests/reboot/guest/." "$files"
say "booting a guest with systemd, three times"
status=0
LUNATIK_GUEST_SYSTEMD=stage.service bash "$HARNESS/boot.sh" -t 900 "$build/image" "$logs" \
	"$files" true | grep -vE '^@@lunatik' || status=$?
case $(head -n 1 "$logs/result") in
'exit 0') ;;
*) status=1 ;;
esac
"$HARNESS/klog.sh" "$logs/kernel.log" || {
	echo "not ok - the kernel log is clean"
	status=1
}
exit "$status"
