#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# Quotas of memory and time, and the accounts of them.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu
mkdir -p /lib/modules/lua/t
cp -r "$TESTDIR/scripts/budgets" /lib/modules/lua/t/
parameters=/sys/module/lunatik/parameters

answers 'local r <close> = lunatik.runtime("t/budgets/hoard", "process", {memory = 256 << 10})
print(r:resume()) print(r:resume()) print(r:resume()) print(r:resume())
local s = r:status()
print(s.quota, s.peak <= s.quota, s.peak > 250000, s.nomemory > 0, s.errors)' \
	'not enough memory
the=4000 of 15
not enough memory
the=4000 of 15
262144	true	true	true	0' 'in 256 kB a script does something useful, runs out, and goes on'

lua 'collectgarbage()'
before=$(slab_kb)
klog_mark
answers 'local rs, said = {}, {}
for i = 1, 1000 do
	local context = ({"process", "process", "softirq"})[i % 3 + 1]
	rs[i] = lunatik.runtime("t/budgets/hoard", context, {memory = 256 << 10})
end
for i = 1, 1000 do local m = rs[i]:resume() said[m] = (said[m] or 0) + 1 end
local held = 0
for i = 1, 1000 do held = held + rs[i]:status().memory end
print(said["not enough memory"], held > 200 << 20)
said = {}
for i = 1, 1000 do local m = rs[i]:resume() said[m] = (said[m] or 0) + 1 end
print(said["the=4000 of 15"])
for i = 1, 1000 do rs[i]:stop() end' \
	'1000	true
1000' '1,000 runtimes run out of 256 kB each at once, and all of them go on'
unlike "$(klog_since)" 'BUG|WARNING|Out of memory|page allocation failure|stall' 'the kernel had nothing to say'
sleep 1
after=$(slab_kb)
diag "slab and vmalloc before $before kB, after $after kB"
ok 'nothing is left of them' test $((after - before)) -lt $SLACK

# --- all together
total=$(cat $parameters/memory_total)
echo $((2 << 20)) >$parameters/memory_total
answers 'local t, ok, msg = {}
repeat ok, msg = pcall(lunatik.runtime, "t/budgets/hoard") t[#t + 1] = msg until not ok or #t > 1000
print(msg, #t > 10 and #t < 100)
for i = 1, #t - 1 do t[i]:stop() end' 'cannot make a runtime: not enough memory	true' \
	'more runtimes than memory_total has room for are not made'
answers 'local r = lunatik.runtime("t/budgets/hoard") print(r:resume(), r:status().memory < 2 << 20) r:stop()' \
	'not enough memory	true' 'nor does one grow beyond that'
echo "$total" >$parameters/memory_total
works 'with the old one a script runs'

answers 'for _, b in ipairs {{memory = 0}, {memory = 1 << 40}, {time = -1}, {tme = 1}, {memory = "1"}, 1} do
	print((select(2, pcall(lunatik.runtime, "t/budgets/hoard", "softirq", b)):gsub("^.-: ", "")))
end
print((select(2, pcall(lunatik.runtime, "t/budgets/hoard", "softirq", {time = 2001})):gsub("^.-: ", "")))' \
	"memory must be from 1 to 9223372036854775807
memory: more than the module parameter memory_max allows
time must be from 1 to 2147483647
there is memory and time, but no 'tme'
memory is a string value, not an integer
bad argument #3 to 'lunatik.runtime' (table expected, got number)
time: more than the module parameter atomic_time_max allows" 'what is no budget is refused, with the reason'

# --- tables, which belong to no runtime
held=/sys/module/luarcu/parameters/memory
memory=$(cat $held)
lua 'rcu.full, rcu.few = require "rcu".table(1), require "rcu".table(1)
for i = 1, 3000 do rcu.few["k" .. i] = i end'
sleep 1		# it has grown
echo $((1 << 20)) >$held
answers 'local t, n, ok, msg = rcu.full, 0
repeat n = n + 1 ok, msg = pcall(function() t["k" .. n] = ("x"):rep(1000) end) until not ok or n > 10000
print(ok, msg, n > 200 and n < 1100, #t == n - 1, t["k" .. n - 1] == ("x"):rep(1000))' \
	'false	ENOMEM	true	true	true' 'tables hold no more than the parameter memory of luarcu'
echo 1 >$held
answers 'print(pcall(require "rcu".table))
for i = 1, 2990 do rcu.few["k" .. i] = nil end' 'false	ENOMEM' 'with less there is no new one'
sleep 1
answers 'local n = 0 for k, v in pairs(rcu.few) do n = n + v end print(n, #rcu.few)' '29955	10' \
	'and one that cannot shrink is whole'
echo "$memory" >$held
answers 'for i = 1, 2990 do rcu.few["k" .. i] = i end
print(#rcu.few) rcu.full, rcu.few = nil, nil' 3000 'with the old one it goes on'

# --- accounts
cat >/lib/modules/lua/t/budgets/does.lua <<'Y'
return function(what)
	while true do
		if what == "loop" then while true do end
		elseif what == "stack" then local function f() return pcall(f) end f()
		elseif what == "error" then error "this" end
		what = coroutine.yield(what)
	end
end
Y
contexts
answers 'for _, context in ipairs(require "t.contexts") do
	local line = {context}
	for _, what in ipairs {"nothing", "loop", "stack", "error"} do
		local r <close> = lunatik.runtime("t/budgets/does", context, {time = 300})
		local t = r:status().time
		pcall(r.resume, r, what)
		local s = r:status()
		line[#line + 1] = ("%s %d%d%d%d %s"):format(what, s.errors, s.notime, math.min(s.nostack, 1), s.stopped,
			what == "loop" and s.time - t > 250000000 and s.limit or "")
	end
	print(table.concat(line, ", "))
end' \
	"$(for context in $CONTEXTS; do
		echo "$context, nothing 0000 , loop 1100 300, stack 0010 , error 1000 "
	done)" 'each account counts its own'
answers 'local s = lunatik.status() print(s.name, s.context, s.memory <= s.peak, s.peak < s.quota, s.entries > 0, s.time > 0)' \
	'/dev/luadrv	process	true	true	true	true' 'a script sees its own'
lua 'require("lunatik.runner").run("t/budgets/hoard", "softirq", {memory = 300000})'
like "$(cat /proc/lunatik)" '^softirq [0-9]+ [0-9]+ 300000 [0-9]+ 0 0 0 0 0 [0-9]+ t/budgets/hoard$' \
	'/proc/lunatik has it'
lua 'require("lunatik.runner").stop("t/budgets/hoard")'
is "$(grep -c t/budgets /proc/lunatik)" 0 'and no longer, when it is stopped'
is "$(stat -c %a /proc/lunatik)" 400 'it is for root alone'

# --- the log
klog_mark
lua 'for i = 1, 3000 do print(i) end'
n=$(klog_since | grep -cE 'lunatik: [0-9]+$')
is "$(printf '%s\n' "$out" | wc -l) $((n >= 1000 && n <= 2200))" '3000 1' \
	"who prints much has it all, the log a part ($n lines)"
rm -r /lib/modules/lua/t
works 'a script runs'
finish
