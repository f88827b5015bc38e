#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# Every function of Lua's headers has its name in the kernel, and is exported
# unless it makes or closes a state.
set -u
cd "$TOP" || exit
. "$KTAP"

functions=$(grep -ohE '\((lua_[a-z]+|luaL_[a-zA-Z_]+)\) +\(' src/lua/lua.h src/lua/lauxlib.h |
	grep -oE 'luaL?_[a-zA-Z_]+' | sort -u)
ok 'Lua is staged' test "$(echo "$functions" | wc -l)" -gt 120
unnamed='' unexported=''
for name in $functions; do
	grep -q "^#define $name lunatik_$name\$" src/include/lunatik_names.h || unnamed="$unnamed $name"
	case $name in
	lua_newstate | luaL_newstate | lua_close | lua_atpanic | lua_setcstacklimit | luaL_openlibs) continue ;;
	esac
	grep -q "^EXPORT_SYMBOL_GPL($name);" src/core/exports.c || unexported="$unexported $name"
done
is "$unnamed" '' 'each function has a name of its own in the kernel'
is "$unexported" '' 'each is exported'
is "$(git ls-files | grep -cE '(^|/)(lapi|lvm|ldo|lgc|lua)\.(c|h)$' || :)" 1 'no file of Lua is in git, only core/lua.c'
is "$(git ls-files '*.c' '*.h' '*.S' '*.sh' '*Kbuild' Makefile tools | xargs grep -L SPDX-License-Identifier)" '' \
	'every source file says its license'
finish
