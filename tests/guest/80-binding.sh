#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# Modules by somebody else: the binding that lunatik-binding(7) has, from the
# package made as the page says, before and after an upgrade of the core; and
# the driver in the document of the C API.
. "$KTAP"
. "$TESTDIR/lib.sh"
third=/opt/lunatik-thirdparty
kernel=$(uname -r)
matched=$(echo "$kernel" | sed 's/[.+]/\\&/g')	# as a pattern

# soon COMMAND...: it works within five seconds
soon()
{
	for _ in 1 2 3 4 5 6 7 8 9; do
		"$@" 2>/dev/null && return
		sleep 0.5
	done
	"$@"
}

# --- the driver of the document

# driver SCRIPT: it is loaded with that script
driver()
{
	rm -f /lib/modules/lua/mydevice.lua
	[ -z "$1" ] || cp "$TESTDIR/scripts/mydevice/$1.lua" /lib/modules/lua/mydevice.lua
	insmod /opt/lunatik-modules/mydevice/mydevice.ko
}

modprobe luarcu
ok 'the driver of the document' driver document
ok 'it has its device' soon test -c /dev/mydevice
# the script of the document has no end: who reads has to stop
is "$(head -c 2 /dev/mydevice)" 42 'head -c 2 /dev/mydevice'
is "$(dd if=/dev/mydevice bs=2 count=1 2>/dev/null)" 42 'dd bs=2 count=1'
# shellcheck disable=SC2002 # cat is what is tested
is "$(cat /dev/mydevice | head -c 2)" 42 'cat, until head has had enough'
is "$(dd if=/dev/mydevice bs=1 count=3 2>/dev/null)" 444 'a reader gets no more than it asked for'
is "$(dd if=/dev/mydevice bs=100 count=3 2>/dev/null)" 424242 'nor more than there is'
exec 3</dev/mydevice
fails 'an open file keeps the module' rmmod mydevice
like "$ktap_out" 'in use' 'and rmmod says so'
exec 3<&-
ok 'a closed one does not' rmmod mydevice

ok 'the same driver, and a script that comes to an end' driver ends
soon test -c /dev/mydevice
is "$(cat /dev/mydevice)" 42 'cat /dev/mydevice'
ok 'it is unloaded' rmmod mydevice

ok 'the same, and a script that sets the offset' driver others
soon test -c /dev/mydevice
klog_mark
fails 'a script that raises fails the read' cat /dev/mydevice
like "$ktap_out" '^firstsecond.*Operation canceled' 'what came before is read, the error is ECANCELED'
like "$(klog_since)" '/lib/modules/lua/mydevice.lua:6: on purpose$' 'why is in the log'
ok 'it is unloaded, too' rmmod mydevice

klog_mark
fails 'without its script it is not loaded' driver ''
like "$ktap_out" 'Invalid parameters' 'by EINVAL'
like "$(klog_since)" 'cannot open /lib/modules/lua/mydevice.lua: no such file' 'and the log says why'
ok 'nothing of it is left' sh -c '! grep -q ^mydevice /proc/modules && [ ! -e /dev/mydevice ]'
unlike "$(dmesg)" 'module mydevice did not stop' 'the driver stops its runtimes'
works 'a script runs'

# --- the binding of the page

if ! packaged; then
	skip 'the package made from lunatik-binding(7)' "$UNPACKAGED"
	modprobe luarcu
	rm -f /lib/modules/lua/mydevice.lua
	finish
fi
if [ -f $third/failed ]; then
	fail 'the package made from lunatik-binding(7) was built and installed'
	tail -n 40 $third/failed | diag
	finish
fi
is "$(dpkg-query -W -f '${Status}' password-dkms 2>&1)" 'install ok installed' \
	'the package made from lunatik-binding(7) is installed'
# of the harness: to ask DKMS takes a quarter of a minute here
before=$(cat /var/lib/dkms/harness-status)
like "$before" "^password/1\.0, $matched, x86_64: installed" 'DKMS installed its module'
is "$(modinfo -F depends password)" lunatik 'which depends on lunatik'

# binding NAME: the module that is loaded does what the page says
binding()
{
	answers 'local maker = require "password".new("x")
print(maker:make(5), maker:make(64) == ("x"):rep(64), maker:made())' \
		"$(printf 'xxxxx\ttrue\t2')" "$1"
}

is "$(modinfo -F depends tables | tr , '\n' | sort | paste -sd ,)" luarcu,lunatik 'another depends on luarcu as well'
# counts: it does
counts()
{
	answers 'local t = require "rcu".table() t.x, t.y = 1, 2 print(require "tables".count(t))' 2 "$1"
}

unload
klog_mark
ok 'modprobe loads luarcu with it' modprobe tables
counts 'it reads a table'
unload
ok 'the commands of the page' sh -e $third/commands/run
modprobe password	# if they did not: else a test would make /dev/luadrv a file
log=$(klog_since)
is "$(printf '%s\n' "$log" | grep -cE 'lunatik: [a-km-np-z2-9]{16}$')" 3 'the script of the page makes passwords'
like "$log" 'lunatik: 3 passwords made$' 'and counts them'
binding 'a maker of passwords'
answers 'local maker, seen = require "password".new("abc"), {}
for i = 1, 200 do seen[maker:make(1)] = true end
print(seen.a, seen.b, seen.c)' "$(printf 'true\ttrue\ttrue')" 'each letter comes'
refuses 'require "password".new("")' 'from 1 to 256 letters wanted' 'no letters'
refuses 'require "password".new("a"):make(65)' 'from 1 to 64 wanted' 'too long a password'
refuses 'require "password".new("a").make(io)' 'password expected, got n' 'no maker'
answers 'local password = require "password"
for i = 1, 100 do password.new(("a"):rep(200)) end' '' 'many makers'
ok 'with the script they are gone' soon sh -c '[ "$(cat /sys/module/password/refcnt)" = 0 ]'

modprobe luarcu
answers 'rcu.maker = require "password".new("ab") rcu.maker:make(1)' '' 'a maker in the table'
answers 'print(#rcu.maker:make(7), rcu.maker:made())' "$(printf '7\t2')" 'another script has the same one'
fails 'it keeps the module' modprobe -r password
answers 'rcu.maker = nil' '' 'it is taken out'
ok 'the module can go' soon modprobe -r password

ok 'the module as the page builds it by hand' insmod $third/byhand/password.ko
binding 'it works like the other'
ok 'everything is unloaded' soon unload

# --- the core is upgraded, and has another ABI

# version MODULE SYMBOL: that which it was built against
version()
{
	modprobe --dump-modversions "$third/$1/password.ko" |
		awk -v symbol="$2" '$2 == symbol { print $1 }'
}

core=$(printf '%s\n' "$before" | sed -n 's/^lunatik\/\([0-9.]*\),.*/\1/p').1
after=$(cat $third/after/status)
like "$after" "^lunatik/$core, $matched, x86_64: installed" 'the core was upgraded'
is "$(printf '%s\n' "$after" | grep -c '^lunatik/')" 1 'the one before is gone'
like "$after" "^password/1\.0, $matched, x86_64: installed" 'the binding is installed as before'
like "$after" "^tables/1\.0, $matched, x86_64: installed" 'so is the one that depends on luarcu'
# Debian's kernels have no versions of symbols since 7.2
versions=
! grep -qx CONFIG_MODVERSIONS=y "/boot/config-$kernel" || versions=1
if [ -n "$versions" ]; then
	like "$(version before lunatik_newobject_owner)" '^0x' 'the versions of its symbols are read'
	isnt "$(version after lunatik_newobject_owner)" "$(version before lunatik_newobject_owner)" \
		'it was built anew'
else
	fails 'it was built anew' cmp -s "$third/before/password.ko" "$third/after/password.ko"
fi

for module in luadrv lunatik luarcu password tables; do
	ok "$module.ko, after the upgrade" insmod $third/after/$module.ko
done
answers 'print(_LUNATIK_VERSION)' "Lunatik $core" 'the core is the upgraded one'
binding 'the binding works with it'
counts 'and the other'
ok 'they are unloaded once more' soon modprobe -r password tables

if [ -n "$versions" ]; then
	# What the kernel says now is what is wanted: it is kept from the console,
	# whose log has to be clean.
	console=$(cut -f 1 /proc/sys/kernel/printk)
	dmesg -n 1
	klog_mark
	fails 'without that the binding is refused' insmod $third/before/password.ko
	log=$(klog_since)
	sleep 0.5
	dmesg -n "$console"
	like "$log" 'password: disagrees about version of symbol lunatik_newobject_owner$' 'for the versions of its symbols'
	is "$(printf '%s\n' "$log" |
		grep -vE 'password: (disagrees about version of symbol|Unknown symbol) lunatik_')" '' 'and for nothing else'
else
	skip 'without that the binding is refused' 'this kernel has no versions of symbols'
fi

ok 'the upgraded core is unloaded' soon unload
ok 'luarcu stays loaded for the other tests' modprobe luarcu
rm -f /lib/modules/lua/mydevice.lua
works 'a script runs at the end'
finish
