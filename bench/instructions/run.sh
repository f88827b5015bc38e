#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# In the guest, whose clock counts instructions.
set -eu
modprobe luarcu
insmod /opt/lunatik-modules/bench/bench.ko
mkdir -p /lib/modules/lua/bench
cp byte.lua keep.lua /lib/modules/lua/bench
: >/lib/modules/lua/bench/nothing.lua

# tell SCRIPT
tell()
{
	exec 3<>/dev/luadrv
	cat "$1" >&3
	sed 's/^/@@bench	/' <&3
	exec 3>&-
}

tell instructions.lua
tell runtimes.lua

# slab: bytes of it that are in use
slab()
{
	sleep 2
	awk 'FNR > 2 { bytes += $2 * $4 } END { printf "%d\n", bytes }' /proc/slabinfo
}
before=$(slab)
lunatik run bench/keep
printf '@@bench	bytes of slab of a runtime	0	%d\n' $((($(slab) - before) * 10 / 500))
lunatik stop bench/keep

lunatik run bench/byte
./device /dev/zero /dev/null /dev/byte | sed 's/^/@@bench	/'
lunatik stop bench/byte
