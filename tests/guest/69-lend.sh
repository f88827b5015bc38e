#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# The C API of data, luadata.h: memory that a binding lends for the time of a call. And
# probes that hit while a script is inside of an object.
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
mkdir -p /lib/modules/lua/t/data
cp "$TESTDIR/scripts/data/hit.lua" /lib/modules/lua/t/data
if [ -n "$REALTIME" ]; then
	skip 'probes inside of an object' "$REALTIME"
elif insmod /opt/lunatik-modules/hit/hit.ko 2>/tmp/hit; then
	run "$TESTDIR/scripts/data/hit.txt"
	is "$status:$out" 0:done 'probes inside of an object'
	ok 'that module goes, too' rmmod hit
elif grep -q 'Unknown symbol' /tmp/hit; then
	skip 'probes inside of an object' 'the kernel has no kprobes'
else
	fail 'the module of the probes is loaded'
	diag "$(cat /tmp/hit)"
fi
lua 'for k in pairs(rcu) do rcu[k] = nil end collectgarbage()'
ok 'the module goes' rmmod lend
if ! built_in; then
	ok 'and that of data' modprobe -r luadata
fi
unlike "$(klog_since)" 'BUG|WARNING|Oops' 'the kernel had nothing to say'
rm -r /lib/modules/lua/t
works 'scripts run'
finish
