# SPDX-License-Identifier: MIT OR GPL-2.0-only
# shellcheck shell=sh
# For the tests here, which source it: sets up what they test, the modules that DKMS
# built for the kernel that runs, with nothing loaded.

kernel=$(uname -r)
if [ ! -d "/lib/modules/$kernel/build" ]; then
	echo "SKIP: no headers of Linux $kernel, which runs here"
	exit 77
fi
# dkms-autopkgtest keeps them from being built when a package is installed
dkms autoinstall -k "$kernel" >"$AUTOPKGTEST_TMP/dkms" 2>&1 || {
	cat "$AUTOPKGTEST_TMP/dkms"
	exit 1
}
! grep -q '^lunatik ' /proc/modules || modprobe -r luarcu lunatik
