#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# /dev/luadrv: sessions, outcomes, limits.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu

answers 'print("a", 1, true, nil) return 2, "b"' "$(printf 'a\t1\ttrue\tnil\n2\tb')" \
	'what it prints and returns can be read'
answers 'return nil' nil 'nil is a result'
answers 'x = 1' '' 'no result, no output'
answers '#!/usr/bin/lua
error_line = debug.getinfo(1).currentline print(error_line)' 2 'a first line with # is skipped and counted'
printf '\357\273\277print(1)' >/tmp/bom.lua
run /tmp/bom.lua
is "$status:$out" 0:1 'a byte order mark is skipped'

# outcomes
klog_mark
refuses 'local function f() error("boom") end
f()' '/dev/luadrv:1: boom' 'an error is the answer, with its line'
like "$err" 'cat: .*(Operation canceled)' 'cat says so'
isnt "$status" 0 'cat exits non-zero'
like "$out" 'stack traceback:' 'with a traceback'
like "$out" '/dev/luadrv:2: in main chunk' 'that names the lines'
like "$(klog_since)" 'script of cat\[[0-9]+\] failed' 'the kernel log has who'
like "$(klog_since)" 'lunatik: /dev/luadrv:1: boom' 'and what, with script and line'
works 'and the next script runs'
refuses 'x = = 1' "/dev/luadrv:1: unexpected symbol near '='" 'a syntax error'
like "$err" 'Exec format error' 'has an errno of its own'
refuses 'error()' 'nil' 'an error with no value'
refuses 'error({})' 'error object is a table value' 'an error that is no string'
refuses 'error(setmetatable({}, {__tostring = function() return "mine" end}))' '^mine' \
	'an error object that can say what it is'
refuses 'error(setmetatable({}, {__tostring = function() error("worse") end}))' . \
	'an error object that raises itself'
refuses 'local t = {} for i = 1, 1 << 40 do t[i] = i end' 'not enough memory' 'a script that takes all memory'
like "$err" 'Cannot allocate memory' 'has an errno of its own'
works 'and the next script runs, again'

: >/tmp/empty.lua
run /tmp/empty.lua
is "$status:$out" 0: 'an empty file does nothing'
run /bin/true
isnt "$status" 0 'a binary file is refused'
printf '\033Lua\124\000\031\223\r\n' >/tmp/chunk.luac
run /tmp/chunk.luac
isnt "$status" 0 'a precompiled chunk is refused'
like "$out" 'binary chunk|precompiled' 'with a sentence'
answers 'print((load("\27Lua")))' nil 'load of one as well'
answers 'print(select(2, load("\27Lua", "c", "bt")))' \
	'c: precompiled chunks are refused, load the source' 'in every mode'
refuses 'string.dump(print)' . 'none can be made'

head -c 10000000 /dev/zero | tr '\0' ' ' >/tmp/large.lua
run /tmp/large.lua
isnt "$status" 0 'a script of 10 MB is refused'
like "$err" 'File too large' 'with EFBIG'
head -c 1048570 /tmp/large.lua >/tmp/fits.lua
printf 'x=42' >>/tmp/fits.lua
run /tmp/fits.lua
is "$status" 0 'one of almost script_max runs'
printf 'print(1)' >/tmp/part.lua
cat /tmp/part.lua /tmp/large.lua >/tmp/cut.lua
klog_mark
run /tmp/cut.lua
unlike "$(klog_since)" 'lunatik: 1$' 'a script that was cut does not run'

# many writes, one script: of one process, which exec keeps
echo 'print(n)' >/tmp/count.lua
exec 3<>"$DRV"
sh -c 'i=0; while [ $i -lt 50 ]; do echo "n = (n or 0) + 1"; i=$((i + 1)); done; exec cat /tmp/count.lua' >&3
is "$(cat <&3)" 50 'many writes make one script'
exec 3>&-

exec 3<>"$DRV"
echo 'x = "one"' >&3
echo 'print(x)' >&3
is "$(cat <&3)" one 'so do those of a shell that keeps the descriptor'
exec 3>&-

# sessions
answers 'leak = 1' '' 'a script sets a global'
answers 'print(leak)' nil 'that the next does not see'
exec 3<>"$DRV" 4<>"$DRV"
echo 'print("three")' >/tmp/3.lua
echo 'print("four")' >/tmp/4.lua
cat /tmp/3.lua >&3
cat /tmp/4.lua >&4
is "$(cat <&4) $(cat <&3)" 'four three' 'two sessions have answers of their own'
cat /tmp/4.lua >&3
is "$(cat <&3)" four 'a session takes the next script'
exec 3>&- 4>&-
exec 3<>"$DRV"
is "$(cat <&3)" '' 'nothing written, nothing read'
exec 3>&-

# at the same time: each waits for the other
meet()
{
	cat >"/tmp/meet.$1.lua" <<X
rcu.$1 = true
local n = 0
repeat n = n + 1 until rcu.$2 or n > 50000000
assert(rcu.$2, "the other one never came")
X
	cat "/tmp/meet.$1.lua" >"$DRV"
}
meet here there & one=$!
meet there here & two=$!
wait $one && wait $two
is $? 0 'two scripts run at the same time, and meet'
lua 'rcu.here = nil rcu.there = nil'

# twenty at once: every answer is the asker's
cat >/tmp/ask.sh <<'X'
echo "local n = 0 for i = 1, 20000 do n = n + $1 end return n" >/tmp/ask.$1
exec 3<>/dev/luadrv
for _ in 1 2 3 4 5; do
	cat /tmp/ask.$1 >&3
	[ "$(cat <&3)" = $(($1 * 20000)) ] || exit 1
done
X
asked=''
for i in $(seq 20); do
	sh /tmp/ask.sh "$i" & asked="$asked $!"
done
wrong=0
for pid in $asked; do
	wait "$pid" || wrong=$((wrong + 1))
done
is $wrong 0 'twenty ask at once, each gets its own answer'

# as many as the parameter allows
echo 1 >/sys/module/luadrv/parameters/scripts_max
echo 'while not rcu.go do end' >/tmp/spin.lua
cat /tmp/spin.lua >"$DRV" & spin=$!
sleep 1
echo 'print(1)' >/tmp/one.lua
fails 'one more than scripts_max is refused' sh -c "cat /tmp/one.lua >$DRV"
like "$ktap_out" 'Device or resource busy' 'with EBUSY'
kill -KILL $spin
wait $spin 2>/dev/null
sleep 1
fails 'a fatal signal to who waits stops the script' sh -c 'ps -e | grep luadrv/'
echo 32 >/sys/module/luadrv/parameters/scripts_max
works 'and the next script runs, after that'

# with O_NONBLOCK nobody waits
lua 'rcu.go = nil'
dd if=/tmp/spin.lua of="$DRV" oflag=nonblock 2>/dev/null
is $? 0 'with O_NONBLOCK nobody waits'
sleep 1
ok 'the script runs on' sh -c 'ps -e | grep -q luadrv/'
lua 'rcu.go = true'
sleep 1
fails 'until it ends' sh -c 'ps -e | grep luadrv/'
lua 'rcu.go = nil'
dd if=/tmp/spin.lua of="$DRV" oflag=nonblock 2>/dev/null
if built_in; then
	skip 'its thread keeps the modules' "$BUILT_IN"
else
	fails 'its thread keeps the modules' modprobe -r luarcu lunatik
fi
pid=$(ps -e | awk '/luadrv\// { print $1; exit }')
ok 'kill ends the thread' kill -KILL "$pid"
sleep 1
fails 'of the script' sh -c 'ps -e | grep luadrv/'

# a signal that the one who waits catches, as an interactive shell does Ctrl-C
lua 'rcu.go = nil'
cat >/tmp/caught.sh <<'X'
trap 'echo caught' TERM
echo 'while not rcu.go do end' >/dev/luadrv
echo on
X
sh /tmp/caught.sh >/tmp/caught.out & shell=$!
sleep 1
kill -TERM $shell
wait $shell
is "$(tr '\n' ' ' </tmp/caught.out)" 'caught on ' 'a signal that a shell catches ends the script'
sleep 1
fails 'and its thread' sh -c 'ps -e | grep luadrv/'

# what does not end, ends when who waits is killed
ends()
{
	printf '%s' "$2" >/tmp/endless.lua
	sh -c "exec cat /tmp/endless.lua >$DRV" & endless=$!
	sleep 1
	kill -KILL $endless
	wait $endless 2>/dev/null
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		# shellcheck disable=SC2009 # what a person looks at
		ps -e | grep -q luadrv/ || break
		sleep 0.5
	done
	fails "$1" sh -c 'ps -e | grep luadrv/'
}
ends 'a loop that catches errors' 'while true do pcall(function() while true do end end) end'
ends 'a coroutine' 'coroutine.wrap(function() while true do end end)()'
ends 'a finalizer' 'setmetatable({}, {__gc = function() while true do end end}) collectgarbage()'
ends 'a finalizer at the end' 'x = setmetatable({}, {__gc = function() while true do end end})'
ends 'a hook' 'debug.sethook(function() while true do end end, "", 1) while true do end'
ends 'a comparison' 'table.sort({1, 2, 3}, function() while true do end end)'
ends 'a __close reached by coroutine.close' 'local co = coroutine.create(function()
	local x <close> = setmetatable({}, {__close = function() while true do end end})
	coroutine.yield() end)
coroutine.resume(co) coroutine.close(co)'
ends 'a pattern' 'string.match(("x"):rep(100000), "(.-)%1y")'
ends 'a plain search' 'string.find(("a"):rep(8000000), ("a"):rep(4000000) .. "b", 1, true)'
ends 'table.move' 'table.move({}, 1, 1 << 60, 2)'
ends 'a reader of load' 'load(collectgarbage)'
ends 'the parser' 'load("x = a" .. (" and a"):rep(500000))'
ends 'rcu.map' 'local t = require "rcu".table() for i = 1, 20000 do t["k" .. i] = 1000000 end
require "rcu".map(t, string.rep)'
works 'and the next script runs, after all these'

lua 'print(("\n"):rep(1000000))'
is "$status" 0 'a million lines are printed'
ok 'and cut in the kernel log' sh -c 'dmesg | tail -n 5 | grep -q "bytes more"'

# memory is short
memory=$(cat /sys/module/lunatik/parameters/memory)
echo 10000 >/sys/module/lunatik/parameters/memory
refuses 'print(1)' 'cannot make a runtime: not enough memory' 'no memory for a runtime'
like "$err" 'Cannot allocate memory' 'has an errno of its own'
echo 60000 >/sys/module/lunatik/parameters/memory
answers 'print(pcall(string.rep, "x", 100000))' "$(printf 'false\tnot enough memory')" 'a script meets its quota'
echo "$memory" >/sys/module/lunatik/parameters/memory
echo 100 >/sys/module/luadrv/parameters/output_max
refuses 'for i = 1, 100 do print(i) end error("late")' 'late' 'a message is read though output was too long'
unlike "$out" '^100$' 'which was cut'
echo 1048576 >/sys/module/luadrv/parameters/output_max
works 'and the next script runs, with memory'

# users
fails 'who is not root cannot open it' setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "echo >$DRV"
like "$ktap_out" 'Permission denied' 'and is told so'
fails 'nor can root without the capability' setpriv --bounding-set -sys_module --inh-caps -sys_module sh -c "echo >$DRV"
like "$ktap_out" 'Operation not permitted' 'that loading modules wants'
works 'root can'

# two writers in one descriptor
cat >/tmp/two.sh <<'X'
exec 3<>/dev/luadrv
cat /tmp/hold.lua >&3 &
sleep 1
cat /tmp/one.lua >&3
echo "status $?"
wait
X
lua 'rcu.go = nil'
echo 'while not rcu.go do end print("held")' >/tmp/hold.lua
(sleep 3; printf 'rcu.go = true' >/tmp/go.lua; cat /tmp/go.lua >"$DRV") &
out=$(sh /tmp/two.sh 2>&1)
like "$out" 'Device or resource busy' 'who writes while the script runs is told'
like "$out" 'status 1' 'by a failed write'
wait
lua 'rcu.go = nil'
works 'and the next script runs, finally'
finish
