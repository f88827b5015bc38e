#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# needs: coccinelle
# timeout: 1800
# The mistakes that the kernel's scripts/coccinelle look for, in our C. Not in Lua's,
# which src/core/lua.c includes.
. "$TOP/tests/lint/lib.sh"

kernel_scripts || {
	skip 'Coccinelle' "the kernel's source could not be had"
	finish
}
git ls-files '*.c' '*.h' >"$tmp/files"
export scripts tmp
mkdir "$tmp/out"
# as the kernel's scripts/coccicheck does
find "$scripts/coccinelle" -name '*.cocci' | sort | nice xargs -P "$(nproc)" -n 1 sh -c '
	options=$(sed -n "s,^// *\(Options\|Requires\): *,,p" "$1" | tr "\n" " ")
	name=$(echo "${1#"$scripts"/coccinelle/}" | tr / -)
	spatch -D report --no-show-diff --very-quiet $options --cocci-file "$1" \
		$(cat "$tmp/files") >"$tmp/out/$name" 2>&1 </dev/null ||
		echo "$name: ended with status $?" >>"$tmp/out/$name"' sh
set -- "$tmp/out/"*
ok "all of $# scripts ran" test "$#" -ge 60
# the scripts' own
clean coccinelle 'what they found is answered' < <(
	grep -hvE '^warning: line [0-9]+: should [a-z_]+ be a metavariable\?$' "$@" | sort -u)

# what it cannot read it leaves out without a word
# shellcheck disable=SC2046 # names without blanks
spatch --no-includes --verbose-parsing --parse-c $(cat "$tmp/files") >"$tmp/parsed" 2>&1
clean parse 'Coccinelle understands the rest' < <(
	grep -A3 '^parse error' "$tmp/parsed" | sed -n '
		s/.*File "\([^"]*\)", line \([0-9]*\).*/\1:\2: /; T content; h; b
		: content
		s/.*whole content = *//; T; H; g; s/\n//; p' |
		grep -v '^/usr/lib/coccinelle/' | sort -u)
finish
