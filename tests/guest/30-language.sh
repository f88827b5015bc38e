#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# Lua as it is in the kernel: each file of lua/ asserts what it says.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu

for file in "$TESTDIR"/lua/*.lua; do
	run "$file"
	is "$status:$out" 0:done "lua/${file##*/}"
done
works 'and the next script runs'
finish
