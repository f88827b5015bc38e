#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# PRE_BUILD of the tree's dkms.conf: says so when there is no Lua to build.
[ -f src/lua/lua.h ] && exit
echo "Error: src/lua is missing: run 'make lua' in the tree, then 'dkms add .'" >&2
exit 1
