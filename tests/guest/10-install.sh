#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# What apt installed, and what loading and unloading does.
. "$KTAP"
. "$TESTDIR/lib.sh"

for package in lunatik-dkms luarcu-dkms lunatik-bindings-dkms lunatik-scripts lunatik-doc lunatik-tools; do
	is "$(dpkg-query -W -f '${Status}' "$package" 2>&1)" 'install ok installed' \
		"$package is installed"
done
kernel=$(uname -r | sed 's/[.+]/\\&/g')
if packaged; then
	like "$(dkms status)" "^lunatik/[0-9.]+, $kernel, x86_64: installed" 'DKMS installed lunatik'
	like "$(dkms status)" "^luarcu/[0-9.]+, $kernel, x86_64: installed" 'DKMS installed luarcu'
	like "$(dkms status)" "^luabindings/[0-9.]+, $kernel, x86_64: installed" \
		'DKMS installed the bindings'
else
	skip 'DKMS installed lunatik' "$UNPACKAGED"
	skip 'DKMS installed luarcu' "$UNPACKAGED"
	skip 'DKMS installed the bindings' "$UNPACKAGED"
fi
if built_in; then
	skip 'luarcu depends on lunatik' "$BUILT_IN"
else
	like "$(modinfo -F depends luarcu)" lunatik 'luarcu depends on lunatik'
fi
for header in lunatik luarcu; do
	ok "$header.h can be included from its stable place" test -f /usr/src/lunatik/include/$header.h
done
for module in lunatik luarcu; do
	packaged || {
		skip "the symbols of $module.ko are where bindings look for them" "$UNPACKAGED"
		continue
	}
	like "$(cat "/var/lib/dkms/$module/kernel-$(uname -r)-x86_64/module/Module.symvers" 2>&1)" \
		"$(printf '\t')${module}_" "the symbols of $module.ko are where bindings look for them"
done
ok 'example scripts are where scripts are looked for' test -f /lib/modules/lua/examples/hello.lua
ok 'the manual of lunatik_run is installed' sh -c 'ls /usr/share/man/man3/lunatik_run.3*'
ok 'and that of luarcu_get' sh -c 'ls /usr/share/man/man3/luarcu_get.3*'

if built_in; then
	for module in luarcu lunatik luadrv; do
		ok "modprobe $module has nothing to do" modprobe $module
		fails "modprobe -r $module is refused" modprobe -r $module
		like "$ktap_out" "$module is builtin" 'since it is built in'
		like "$(cat /sys/module/$module/version)" '^0\.' "$module tells its version"
	done
	is "$(stat -c %a:%U "$DRV")" 600:root 'the device is root'"'"'s alone'
	works 'a script runs'
	answers 'print(rcu ~= nil, require "rcu" ~= nil)' 'true	true' 'the RCU table is there'
	skip 'loading and unloading' "$BUILT_IN"
	skip 'no symbol of Lua is exported under its own name' "$BUILT_IN"
	finish
fi
modprobe -r luarcu lunatik 2>/dev/null
ok 'modprobe luarcu' modprobe luarcu
ok 'it brought lunatik' test -d /sys/module/lunatik
ok 'and the device' test -c "$DRV"
is "$(stat -c %a:%U "$DRV")" 600:root 'the device is root'"'"'s alone'
works 'a script runs'
ok 'modprobe -r luarcu lunatik' modprobe -r luarcu lunatik
is "$(lsmod | grep -cE '^(lua|lunatik)')" 0 'nothing is left loaded'
ok 'nothing is left of the device' test ! -e "$DRV"

ok 'modprobe lunatik' modprobe lunatik
ok 'it brought the device' test -c "$DRV"
answers 'print(rcu, pcall(require, "rcu"))' "$(printf '%s' "nil	false	module 'rcu' not found:
	no field package.preload['rcu']
	no file '/lib/modules/lua/rcu.lua'
	no file '/lib/modules/lua/rcu/init.lua'
	no loaded kernel module provides 'rcu'")" 'rcu is luarcu.ko'"'"'s'
ok 'modprobe -r lunatik' modprobe -r lunatik
is "$(lsmod | grep -cE '^(lua|lunatik)')" 0 'nothing is left loaded, again'

symbols=$(for module in lunatik luarcu luadrv; do
	file=$(modinfo -n "$module")
	case $file in
	*.xz)
		xz -dc "$file" >/tmp/symbols.ko
		file=/tmp/symbols.ko
		;;
	esac
	nm "$file"
done | awk '$3 ~ /^__ksymtab_/ { sub(/^__ksymtab_(gpl_)?/, "", $3); print $3 }')
like "$symbols" '^lunatik_lua_pushinteger$' 'the symbols exported are read'
unlike "$symbols" '^(lua|luaL)_' 'no symbol of Lua is exported under its own name'

klog_mark
fails 'tables of no size' modprobe luarcu size=0
like "$ktap_out" 'Invalid argument' 'are refused'
like "$(klog_since)" 'luarcu: size must be from 1 to [0-9]+, not 0' 'with the reason'
for name in rcu lunatik._ENV; do
	klog_mark
	insmod /opt/lunatik-modules/takename/takename.ko name=$name
	fails "$name, which another module has," modprobe luarcu
	like "$ktap_out" 'Device or resource busy' 'is not taken from it'
	like "$(klog_since)" "luarcu: another module has the global variable $name" 'as the log says'
	answers "print($name)" 1 'and still is what that one says'
	rmmod takename
done
modprobe -r lunatik
ok 'luadrv without lunatik' insmod "$(modinfo -n luadrv)"
fails 'runs nothing' sh -c "cat /dev/null >$DRV"
like "$ktap_out" 'No such device' 'for want of an interpreter'
rmmod luadrv
ok 'modprobe luadrv' modprobe luadrv
works 'it brought lunatik'
ok 'modprobe -r lunatik' modprobe -r lunatik
is "$(lsmod | grep -cE '^(lua|lunatik)')" 0 'nothing is left loaded, once more'

ok 'luarcu stays loaded for the other tests' modprobe luarcu
finish
