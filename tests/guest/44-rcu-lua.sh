#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 900
# What the operations on an RCU table mean to a script, what they refuse, and
# what may happen in the middle of a walk.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu
mkdir -p /lib/modules/lua/t
cp -r "$TESTDIR/scripts/rcu-lua" "$TESTDIR/scripts/api" /lib/modules/lua/t/
insmod /opt/lunatik-modules/api/api.ko
insmod /opt/lunatik-modules/collide/collide.ko
scripts=$TESTDIR/scripts/rcu-lua

# ends NAME: the script of that name
ends()
{
	run "$scripts/$1.lua"
	if [ "$status" -eq 0 ]; then
		pass "$2"
	else
		fail "$2"
		diag "$out"
	fi
	works 'a script runs after that'
}

klog_mark
ends refuses 'sizes, keys, values and arguments that are refused, in a sentence'
ends semantics 'what operations mean'
ends walks 'callbacks that raise, delete, insert, sleep, yield, collect, walk'

{ echo 'WRITER = true'; cat "$scripts/lengths.lua"; } >/tmp/writer.lua
cat /tmp/writer.lua >"$DRV" & writer=$!
run "$scripts/lengths.lua"
is "$status:$out" 0:done 'a string whose length changes while it is read'
wait $writer
is $? 0 'and its writer'
# shellcheck disable=SC2016 # the shell that is called expands it
ok 'the kernel had nothing to say' sh -c \
	'! dmesg | sed "1,/$0/d" | grep -E "BUG|WARNING|stack overflow"' "$KLOG_MARK"
lua 'rcu.k = nil for k in pairs(rcu) do rcu[k] = nil end collectgarbage()'
ok 'the modules go' rmmod api collide
rm -r /lib/modules/lua/t
works 'a script runs'
finish
