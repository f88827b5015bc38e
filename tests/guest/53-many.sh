#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 1200
# Runtimes and objects by the thousand: nothing is left of them.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu
mkdir -p /lib/modules/lua/t
cp -r "$TESTDIR/scripts/api" /lib/modules/lua/t/
insmod /opt/lunatik-modules/api/api.ko

lua 'require "api".runtimes(30)'	# what is allocated once is there
lua 'require "api".objects(1000)'
before=$(slab_kb)
answers 'require "api".runtimes(10000)' '' '10,000 runtimes are made and stopped'
after=$(slab_kb)
diag "slab and vmalloc before $before kB, after $after kB"
ok 'nothing is left of them' test $((after - before)) -lt $SLACK

before=$(slab_kb)
lua 'print((require "api".released()))'
first=$out
answers 'require "api".objects(1000000)' '' '1,000,000 objects are cloned into two runtimes'
# what a softirq runtime drops when it is closed is released by a worker, soon
for _ in $(seq 30); do
	lua 'print((require "api".released()))'
	[ "$out" -lt $((first + 1000000)) ] || break
	sleep 1
done
after=$(slab_kb)
answers 'print(require "api".released())' "$((first + 1000000))	0" \
	'each is released once, where that may sleep'
diag "slab and vmalloc before $before kB, after $after kB"
ok 'nothing is left of them' test $((after - before)) -lt $SLACK
ok 'the module goes' rmmod api
rm -r /lib/modules/lua/t
works 'a script runs'
finish
