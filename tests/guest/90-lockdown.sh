#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# A kernel that is locked down runs no script. There is no way back from that, so
# this test is the last.
. "$KTAP"
. "$TESTDIR/lib.sh"
lockdown=/sys/kernel/security/lockdown

mountpoint -q /sys/kernel/security || mount -t securityfs none /sys/kernel/security
if [ ! -e $lockdown ]; then
	skip 'a kernel that is locked down' 'this one cannot be (CONFIG_SECURITY_LOCKDOWN_LSM)'
	finish
fi
if [ -e /sys/kernel/debug/kmemleak ] || [ -n "${LUNATIK_COVERAGE-}" ]; then
	skip 'a kernel that is locked down' 'this one is asked for its debugfs yet, which that forbids'
	finish
fi
modprobe luarcu
exec 3<>"$DRV"
ok 'the kernel is locked down' sh -c "echo integrity >$lockdown"
fails 'the device cannot be opened' sh -c "cat <>$DRV"
like "$ktap_out" 'Operation not permitted' 'by EPERM'
fails 'lunatik run fails' lunatik run examples/hello
like "$ktap_out" 'not permitted.*kernel that is not locked down' 'and says why'
echo 'print(6 * 7)' >&3
is "$(cat <&3)" 42 'who has it open already is trusted'
exec 3>&-
finish
