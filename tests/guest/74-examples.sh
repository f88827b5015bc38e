#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# Each example is run as it says of itself.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu
lunatik load 2>/dev/null

for example in /lib/modules/lua/examples/*.lua; do
	name=${example##*/}
	missing=''
	sed -n 's/^local .*require "\([a-z]*\)".*$/\1/p' "$example" >/tmp/wanted
	while read -r library; do
		echo "require '$library'" | lunatik 2>/dev/null || missing="$missing $library"
	done </tmp/wanted
	if [ -n "$missing" ]; then
		skip "$name" "there is no library$missing here"
	else
		ok "$name" lua5.4 "$TESTDIR/tools/session.lua" "$example"
	fi
done
if echo 'require "linux" require "thread"' | lunatik 2>/dev/null; then
	ok 'the check has nothing to say of them' lunatik check /lib/modules/lua/examples/*.lua
else
	skip 'the check has nothing to say of them' 'what some require is not here'
fi
is "$(lunatik list)" '' 'none runs on'
finish
