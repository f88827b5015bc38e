#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# The library linux, with its constants.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu

# random
answers 'local random = require "linux".random
for i = 1, 2000 do local n = random(6) assert(n >= 1 and n <= 6) end
for i = 1, 2000 do local n = random(-3, 3) assert(n >= -3 and n <= 3) end
assert(random(1) == 1 and random(5, 5) == 5)
assert(random(math.maxinteger, math.maxinteger) == math.maxinteger)
assert(random(math.mininteger, math.mininteger) == math.mininteger)
for i = 1, 200 do local n = random(math.mininteger, math.mininteger + 1) assert(n <= math.mininteger + 1) end
for i = 1, 200 do assert(random(math.maxinteger) >= 1) end
local neg, pos = 0, 0
for i = 1, 400 do local n = random(math.mininteger, math.maxinteger) if n < 0 then neg = neg + 1 else pos = pos + 1 end end
local neg2 = 0 for i = 1, 400 do if random() < 0 then neg2 = neg2 + 1 end end
assert(random(0) ~= random(0))
print(neg > 120, pos > 120, neg2 > 120 and neg2 < 280)' "$(printf 'true\ttrue\ttrue')" 'random in all ranges'
answers 'local random = require "linux".random local seen = {}
for i = 1, 60000 do local n = random(0, 2) seen[n] = (seen[n] or 0) + 1 end
for i = 0, 2 do assert(seen[i] > 19300 and seen[i] < 20700, seen[i]) end
local low, span = 0, 3 << 61
for i = 1, 6000 do if random(math.mininteger, math.mininteger + span - 1) < math.mininteger + (1 << 62) then low = low + 1 end end
print(low > 3750 and low < 4250)' true 'random is as even as it can be'
for args in 2,1 -1 math.mininteger math.maxinteger,math.mininteger; do
	refuses "require 'linux'.random($args)" 'there is no integer from' "random($args)"
done
refuses 'require "linux".random("x")' 'number expected, got string' 'random("x")'
refuses 'require "linux".random(1, 2, 3)' 'two arguments at most' 'random(1, 2, 3)'

# time
# the clock of the timers may be late by some ticks when the machine is busy
answers 'local linux = require "linux" local a = linux.time() local left = linux.schedule(200) local b = linux.time()
print(left, linux.difftime(b, a) >= 150000000, linux.difftime(b, a) < 5000000000, linux.difftime(a, b) == a - b)' \
	"$(printf '0\ttrue\ttrue\ttrue')" 'a fifth of a second'
like "$(lua 'print(require "linux".time() // 1000000000)'; echo "$out")" "^$(date +%s | cut -c 1-8)" 'the time is that of the machine'
answers 'local linux = require "linux" print(linux.schedule(0), linux.schedule(1, linux.task.KILLABLE), linux.schedule(1, linux.task.UNINTERRUPTIBLE),
linux.schedule(1, linux.task.IDLE), linux.schedule(0, linux.task.RUNNING))' "$(printf '0\t0\t0\t0\t0')" 'states to sleep in'
for args in -1 math.mininteger; do
	refuses "require 'linux'.schedule($args)" 'milliseconds from 0 on' "schedule($args)"
done
for state in 4 8 64 1024 -1 math.maxinteger '(1 << 32) + 1'; do
	refuses "require 'linux'.schedule(1, $state)" 'no state to sleep in' "state $state"
done
for args in '' 'math.maxinteger' '1 << 40' '5000000' 'nil, 2'; do
	timeout -s KILL 0.5 sh -c "echo 'require \"linux\".schedule($args)' >$DRV" 2>/dev/null
	is $? 137 "who sleeps with schedule($args) can be killed"
done
mkdir -p /lib/modules/lua/t
echo 'return function() local linux = require "linux" print(linux.schedule(10)) end' >/lib/modules/lua/t/sleep.lua
cat >/lib/modules/lua/t/atomic.lua <<'END'
local linux = require "linux"
print(linux.random(5) <= 5, linux.time() > 0, linux.stat.IRUGO, linux.nf.action.DROP, linux.errname(5), linux.numcpus() > 0)
return function() return pcall(linux.schedule, 1) end
END
for context in $ATOMIC; do
	answers "local rt <close> = lunatik.runtime('t/atomic', '$context') local ok, why = rt:resume() print(ok, why)" \
		"$(printf 'false\ta script can sleep only in process context')" "in a $context runtime nothing sleeps"
done
rm -r /lib/modules/lua/t

# symbols
if grep -q ' register_kprobe$' /proc/kallsyms; then
	answers 'local linux = require "linux" local a, b = linux.lookup("vfs_read"), linux.lookup("vfs_read")
print(type(a), a == b, linux.lookup("no_such_symbol"), linux.lookup(""), linux.lookup(("x"):rep(1000)), linux.lookup("vfs_read\0"), linux.lookup("vfs_read+1"))' \
		"$(printf 'userdata\ttrue\tnil\tnil\tnil\tnil\tnil')" 'where a function is'
	address=$(awk '$3 == "vfs_read" { print $1 }' /proc/kallsyms)
	lua 'print(string.format("%p", require "linux".lookup("vfs_read")))'
	diag "vfs_read is at $address, a script sees $out"
	answers 'local linux = require "linux" for i = 1, 50 do assert(linux.lookup("vfs_write")) end print "ok"' ok 'fifty times'
else
	refuses 'require "linux".lookup("vfs_read")' 'this kernel has no kprobes' 'where a function is'
fi
refuses 'require "linux".lookup()' 'string expected, got no value' 'lookup of nothing'

# network
if [ -e /sys/class/net/lo ]; then
	ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null || perl -e '
		use Socket; socket(S, AF_INET, SOCK_DGRAM, 0);
		my $r = pack("a16s x22", "lo", 0x49); ioctl(S, 0x8914, $r);'
	is "$(lua 'print(require "linux".ifindex("lo"))'; echo "$out")" "$(cat /sys/class/net/lo/ifindex)" 'the index of lo'
	answers 'local linux = require "linux" print(string.format("%x", linux.ifaddr(linux.ifindex("lo"))))' 7f000001 'its address'
fi
for name in '"nosuch0"' '""' '("x"):rep(500)' '"lo\0"'; do
	answers "print(pcall(require 'linux'.ifindex, $name))" "$(printf 'false\tENODEV')" "the index of $name"
done
for index in 0 -1 99999 math.maxinteger '(1 << 32) + 1'; do
	answers "print(pcall(require 'linux'.ifaddr, $index))" "$(printf 'false\tENODEV')" "the address of $index"
done

# names
answers 'local e = require "linux".errname print(e(12), e(-12), e(0), e(99999), e(math.mininteger), e(math.maxinteger), e(512), e(1 << 32))' \
	"$(printf 'ENOMEM\tENOMEM\tnil\tnil\tnil\tnil\tERESTARTSYS\tnil')" 'names of errors'
is "$(lua 'print(require "linux".numcpus())'; echo "$out")" "$(grep -c '^cpu[0-9]' /proc/stat)" 'how many CPUs'
if [ -e /sys/kernel/tracing/tracing_on ] || mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null; then
	answers 'local t = require "linux".tracing local was = t() print(t(false), t(), t(true), t(was) == was)' \
		"$(printf 'false\tfalse\ttrue\ttrue')" 'tracing'
fi
refuses 'require "linux".tracing(1)' 'boolean expected, got number' 'tracing(1)'

# constants
answers 'local l = require "linux"
print(l.stat.IRUGO, l.stat.IRUSR, l.task.INTERRUPTIBLE, l.signal.KILL, l.signal.SIGTERM, l.notify.OK, l.notify.STOP_MASK, l.netdev.UP, l.eth.IP, l.eth.P_ALL)
print(l.nf.proto.IPV4, l.nf.inet.LOCAL_OUT, l.nf.ip.pri.FILTER, l.nf.action.ACCEPT, l.nf.ip.pri.FIRST == -2147483648)
print(l.socket.sock.STREAM, l.socket.af.INET6, l.socket.msg.PEEK, l.socket.ipproto.TCP, l.socket.sol.SOCKET, l.socket.so.REUSEADDR)' \
	"$(printf '292\t256\t1\t9\t15\t1\t32768\t1\t2048\t3\n2\t3\t0\t1\ttrue\n1\t10\t2\t6\t1\t2')" 'are those of the kernel'
answers 'local l = require "linux" print(l.syscall.numbers.read, l.syscall.numbers.openat, l.syscall.numbers.io_uring_setup)
local n = 0 for name, nr in pairs(l.syscall.numbers) do n = n + 1 assert(nr >= 0 and nr < 1000 and name:match("^[a-z_][%w_]*$")) end print(n > 300)' \
	"$(printf '0\t257\t425\ntrue')" 'and the system calls'
answers 'for _, name in ipairs{"stat", "task", "signal", "notify", "netdev", "eth", "nf", "socket", "syscall"} do
assert(require("linux." .. name) == require("linux")[name], name) end print(require "linux".nothing, require "linux"[1])' \
	"$(printf 'nil\tnil')" 'required by themselves they are the same'
answers 'local l = require "linux" local index = getmetatable(l).__index
for _, what in ipairs{0x4141414141414141, "x", print, false} do print(pcall(index, what, "stat")) end
print(index({}, "stat") == nil, index({}, 1))' \
	"$(for type in number string function boolean; do
		printf "false\tbad argument #1 to '?' (table expected, got %s)\n" $type
	done; printf 'false')" 'its tables come from nothing but a table'
if ! built_in; then
	ok 'nothing holds the module' modprobe -r lualinux
	answers 'print(require "linux.nf".action.DROP)' 0 'a table alone loads it'
fi
works 'scripts run'
finish
