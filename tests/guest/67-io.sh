#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 900
# The library io, on files of each kind, with errors that lunatik_errname() names.
. "$KTAP"
. "$TESTDIR/lib.sh"
mkdir -p /lib/modules/lua/t
cp "$TESTDIR/scripts/raises.lua" /lib/modules/lua/t/
modprobe luarcu
mkfifo /tmp/lunatik-fifo
mkdir /tmp/lunatik-small
mount -t tmpfs -o size=64k none /tmp/lunatik-small
lua 'require "io"'
before=$(cut -f 1 /proc/sys/fs/file-nr)

klog_mark
run "$TESTDIR/scripts/io/io.lua"
is "$status:$out" 0:done 'files'
lua 'collectgarbage()'
sleep 1
after=$(cut -f 1 /proc/sys/fs/file-nr)
ok "what was opened is closed (before $before, after $after)" test $((after - before)) -lt 200

# as whoever runs the script, it may open what that may
echo secret >/tmp/lunatik-secret
chmod 600 /tmp/lunatik-secret
answers 'print(require "io".open("/tmp/lunatik-secret"):read())' secret 'root reads what is for root'

# a file of another kind of runtime
echo 'local io = require "io" return function() return select(2, pcall(io.open, "/tmp/lunatik-io")) end' \
	>/lib/modules/lua/t/io.lua
for context in $ATOMIC; do
	answers "local rt <close> = lunatik.runtime('t/io', '$context') print(rt:resume())" \
		"'file' is a class of process context, it cannot be used in a $context runtime" \
		"no files in a $context runtime"
done

# a write that takes long is ended
echo 'local f = require "io".open("/dev/null", "w") while true do f:write(("x"):rep(1 << 20)) end' >/tmp/long.lua
cat /tmp/long.lua >"$DRV" 2>/dev/null & pid=$!
sleep 0.3
kill -KILL $pid
n=100
while kill -0 $pid 2>/dev/null && [ $n -gt 0 ]; do
	sleep 0.1
	n=$((n - 1))
done
ok 'a fatal signal ends one that writes for ever' test $n -gt 0

if ! built_in; then
	# who is killed does not wait for the end of its script
	ok 'the module goes' sh -c 'for _ in 1 2 3 4 5 6 7 8 9; do
		modprobe -r luaio 2>/dev/null && exit; sleep 0.5; done; exit 1'
fi
# shellcheck disable=SC2016 # the shell that is called expands it
ok 'the kernel had nothing to say' sh -c \
	'! dmesg | sed "1,/$0/d" | grep -E "BUG|WARNING|stack overflow|not supported"' "$KLOG_MARK"
umount /tmp/lunatik-small
rm -r /lib/modules/lua/t /tmp/lunatik-*
works 'scripts run'
finish
