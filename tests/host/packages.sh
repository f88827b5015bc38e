#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# The packages as files.
set -u
cd "$TOP" || exit
. "$KTAP"

is "$(cd "$BUILD_DIR" && for deb in *.deb; do echo "${deb%%_*}"; done | tr '\n' ' ')" \
	'luarcu-dkms lunatik-bindings-dkms lunatik-dkms lunatik-doc lunatik-scripts lunatik-tools ' 'six packages'
for deb in "$BUILD_DIR"/*.deb; do
	is "$(dpkg-deb -f "$deb" Architecture)" all "${deb##*/} is for every architecture"
done
files=$(dpkg-deb -c "$BUILD_DIR"/lunatik-dkms_*.deb | awk '{ print $6 }')
like "$files" '/usr/src/lunatik-[0-9.]+/include/lunatik.h$' 'the C API is in lunatik-dkms'
like "$files" '/usr/src/lunatik-[0-9.]+/include/luarcu.h$' 'with that of the tables'
like "$files" '/usr/src/lunatik-[0-9.]+/lua/lapi.c$' 'and Lua'
unlike "$files" '/rcu/' 'and not the RCU binding'
unlike "$files" '/bindings/' 'nor the others'
for name in luarcu luabindings; do
	files=$(dpkg-deb -c "$BUILD_DIR"/*"${name#lua}"-dkms_*.deb)
	for script in symvers dependents; do
		like "$files" "^-rwxr-xr-x .*/usr/src/$name-[0-9.]+/$script.sh\$" \
			"$name has its $script.sh"
	done
done
conf=$(dpkg-deb --fsys-tarfile "$BUILD_DIR"/lunatik-bindings-dkms_*.deb |
	tar -xO --wildcards './usr/src/luabindings-*/dkms.conf')
modules=$(sed -n 's/^bindings := //p' src/bindings/Kbuild | tr ' ' '\n' | sed 's/^/lua/' | sort)
is "$(sed -n 's/^BUILT_MODULE_NAME.*="\(.*\)"/\1/p' <<<"$conf" | sort)" "$modules" \
	'DKMS installs each of the bindings'
is "$(sed -n 's/^BUILT_MODULE_NAME.*="\(.*\)"/\1/p' dkms.conf | sort)" \
	"$(printf '%s\n' lunatik luadrv luarcu "$modules" | sort)" 'and all modules by the conf of the tree'
files=$(dpkg-deb -c "$BUILD_DIR"/*scripts_*.deb | awk '{ print $6 }')
like "$files" '^./usr/lib/modules/lua/examples/hello.lua$' 'scripts are below /usr/lib/modules/lua'
finish
