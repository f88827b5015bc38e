#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# The packages as files.
set -u
cd "$TOP" || exit
. "$KTAP"

is "$(cd "$BUILD_DIR" && for deb in *.deb; do echo "${deb%%_*}"; done | tr '\n' ' ')" \
	'luarcu-dkms lunatik-dkms lunatik-doc lunatik-scripts lunatik-tools ' 'five packages'
for deb in "$BUILD_DIR"/*.deb; do
	is "$(dpkg-deb -f "$deb" Architecture)" all "${deb##*/} is for every architecture"
done
files=$(dpkg-deb -c "$BUILD_DIR"/lunatik-dkms_*.deb | awk '{ print $6 }')
like "$files" '/usr/src/lunatik-[0-9.]+/include/lunatik.h$' 'the C API is in lunatik-dkms'
like "$files" '/usr/src/lunatik-[0-9.]+/include/luarcu.h$' 'with that of the tables'
like "$files" '/usr/src/lunatik-[0-9.]+/lua/lapi.c$' 'and Lua'
unlike "$files" '/rcu/' 'and not the RCU binding'
files=$(dpkg-deb -c "$BUILD_DIR"/luarcu-dkms_*.deb)
for script in symvers dependents; do
	like "$files" "^-rwxr-xr-x .*/usr/src/luarcu-[0-9.]+/$script.sh\$" "luarcu-dkms has its $script.sh"
done
files=$(dpkg-deb -c "$BUILD_DIR"/*scripts_*.deb | awk '{ print $6 }')
like "$files" '^./usr/lib/modules/lua/examples/hello.lua$' 'scripts are below /usr/lib/modules/lua'
finish
