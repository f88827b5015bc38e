#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 7200
# The RCU table under torture: tests/modules/torture, and scripts meanwhile.
# lunatik.torture=SECONDS,SEED on the kernel's command line, 20 and a random one
# unless said: make torture.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu

settings=$(sed -n 's/.*lunatik\.torture=\([0-9]*\),\([0-9]*\).*/\1 \2/p' /proc/cmdline)
seconds=${settings% *} seed=${settings#* }
: "${seconds:=20}" "${seed:=$(date +%N | sed 's/^0*//')}"
diag "$seconds seconds, seed $seed"
scripts=$TESTDIR/scripts/torture

lua 'print(#rcu)'
before=$(slab_kb)
cat /proc/slabinfo >/tmp/slabinfo
insmod /opt/lunatik-modules/torture/torture.ko "seconds=$seconds" "seed=$seed" \
	"pause=$((LUNATIK_SLOW > 1 ? 10000 : 0))" & torture=$!
tries=100
until lua 'print(rcu.torture ~= nil)' && [ "$out" = true ] || [ $((tries -= 1)) -eq 0 ]; do
	sleep 0.1
done
is "$out" true 'scripts find the table'

for i in 1 2; do
	{
		exec 3<>"$DRV"
		cat "$scripts/walk.lua" >&3
		cat <&3 >"/tmp/walk$i" 2>&1
		exec 3>&-
	} &
done
killed=0
while kill -0 $torture 2>/dev/null; do
	cat "$scripts/victim.lua" >"$DRV" 2>/dev/null & victim=$!
	sleep 0.$((1 + killed % 5))
	kill -KILL $victim 2>/dev/null
	wait $victim 2>/dev/null
	killed=$((killed + 1))
done
wait $torture
is $? 0 'every read found what was written'
dmesg | sed -n 's/.*\(torture: .*\)/\1/p' | tail -n 13 | while read -r line; do diag "$line"; done
wait
is "$(cat /tmp/walk1)" walked 'a script walked meanwhile'
is "$(cat /tmp/walk2)" walked 'and another'
diag "$killed scripts were killed"
ok 'scripts were killed in the middle' test $killed -gt 2
ok 'the module goes' rmmod torture
lua 'for k in pairs(rcu) do rcu[k] = nil end collectgarbage() print(#rcu)'
# a table of many objects is released by a worker, object by object
for _ in 1 2 3 4 5 6 7 8 9 10; do
	after=$(slab_kb)
	diag "slab and vmalloc before $before kB, after $after kB"
	[ $((after - before)) -ge $SLACK ] || break
	sleep "$LUNATIK_SLOW"
done
slab_growth /tmp/slabinfo | while read -r line; do diag "$line"; done
ok 'nothing is left' test $((after - before)) -lt $SLACK
works 'a script runs'
finish
