#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# In the guest, whose clock counts instructions: the same with the modules as
# they are, and with those built with -DLUNATIK_UNBOUNDED.
set -eu
measure()
{
	insmod /opt/lunatik-modules/bench/bench.ko
	exec 3<>/dev/luadrv
	cat overhead.lua >&3
	sed "s/^/@@bench	$1	/" <&3
	exec 3>&-
	rmmod bench
}
modprobe luarcu
measure bounded
modprobe -r luarcu lunatik || :
rmmod luarcu lunatik luadrv 2>/dev/null || :
for module in luadrv lunatik rcu/luarcu; do
	insmod "/opt/lunatik-modules/unbounded/$module.ko"
done
measure unbounded
