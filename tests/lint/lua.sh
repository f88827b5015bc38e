#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# needs: lua5.4 lua-check
# Our Lua, by Lua's compiler and luacheck, which .luacheckrc tells what to look for.
. "$TOP/tests/lint/lib.sh"

# meant to be wrong: a test has it refused
wrong=tests/guest/scripts/capi/syntax.lua
{
	scripts 'lua[0-9.]*'
	git ls-files '*.lua'
} | sort -u | grep -vFx "$wrong" >"$tmp/files"
mapfile -t files <"$tmp/files"
errors=''
for file in "${files[@]}"; do
	errors=$errors$(luac5.4 -p "$file" 2>&1)
done
is "$errors" '' "Lua compiles ${#files[@]} files"
fails 'and not the one that is wrong on purpose' luac5.4 -p "$wrong"
ok 'luacheck has nothing to say of them' luacheck -q --no-color --codes "${files[@]}"
finish
