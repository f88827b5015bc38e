#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# What can be seen of runtimes: the trace events.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu

tracing=/sys/kernel/tracing
events=$tracing/events/lunatik
if [ ! -d $events ]; then
	echo '1..0 # SKIP this kernel has no trace events'
	exit
fi
# the newest file is the one that is read here
seen()
{
	sed -n 's/^.*: \(lunatik_[a-z]*\): /\1 /p' $tracing/trace
}

mkdir -p /lib/modules/lua/t
printf '%s\n' 'error("no\27[1m use")' >/lib/modules/lua/t/raises.lua
echo >$tracing/trace
lunatik run examples/echo
is "$(seen)" '' 'nothing is written while the events are off'
lunatik stop examples/echo

echo 1 >$events/enable
lunatik run examples/echo softirq
lunatik run t/raises 2>/dev/null
echo "return lunatik.runtime('examples/echo', '${CONTEXTS##* }'):resume(1)" | lunatik >/dev/null
lunatik stop examples/echo
echo 0 >$events/enable
seen >/tmp/trace
like "$(cat /tmp/trace)" '^lunatik_enter name=examples/echo context=process entries=2$' \
	'an entry: who, where and which'
like "$(cat /tmp/trace)" '^lunatik_exit name=examples/echo time_ns=[0-9]+ memory=[1-9][0-9]+$' \
	'its end: how long, and what is held'
like "$(cat /tmp/trace)" "^lunatik_enter name=examples/echo context=${CONTEXTS##* } entries=[0-9]+$" \
	"an entry in another context"
like "$(cat /tmp/trace)" '^lunatik_error name=t/raises msg=/lib/modules/lua/t/raises.lua:1: no\?\[1m use$' \
	'an error: its first line, no control characters'
is "$(grep -c '^lunatik_error' /tmp/trace)" 2 'one for each runtime that it ended something in'
is "$(grep -c '^lunatik_enter' /tmp/trace)" "$(grep -c '^lunatik_exit' /tmp/trace)" \
	'who comes in goes out'

if command -v trace-cmd >/dev/null; then
	ok 'trace-cmd records' trace-cmd record -q -o /tmp/trace.dat -e lunatik lunatik run examples/hello
	like "$(trace-cmd report -i /tmp/trace.dat 2>/dev/null)" 'lunatik_enter:.*name=examples/hello' \
		'and reports'
	lunatik stop examples/hello
else
	skip 'trace-cmd records' 'it is not installed'
	skip 'and reports' 'it is not installed'
fi

if built_in; then
	skip 'unload while the events are on' "$BUILT_IN"
else
	echo 1 >$events/enable
	ok 'unload while the events are on' lunatik unload
	fails 'they are gone' test -e $events
	modprobe luarcu
fi
rm -r /lib/modules/lua/t
finish
