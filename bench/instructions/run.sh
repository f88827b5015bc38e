#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# In the guest, whose clock counts instructions.
set -eu
modprobe luarcu
insmod /opt/lunatik-modules/bench/bench.ko
exec 3<>/dev/luadrv
cat instructions.lua >&3
sed 's/^/@@bench	/' <&3
