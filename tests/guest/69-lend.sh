#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# The C API of data, luadata.h: memory that a binding lends for the time of a call.
. "$KTAP"
. "$TESTDIR/lib.sh"
mkdir -p /lib/modules/lua/t
cp "$TESTDIR/scripts/raises.lua" /lib/modules/lua/t/
modprobe luarcu
modprobe luadata
insmod /opt/lunatik-modules/lend/lend.ko

klog_mark
run "$TESTDIR/scripts/data/lend.txt"
is "$status:$out" 0:done 'what is lent'
lua 'for k in pairs(rcu) do rcu[k] = nil end collectgarbage()'
ok 'the module goes' rmmod lend
if ! built_in; then
	ok 'and that of data' modprobe -r luadata
fi
unlike "$(klog_since)" 'BUG|WARNING|Oops' 'the kernel had nothing to say'
rm -r /lib/modules/lua/t
works 'scripts run'
finish
