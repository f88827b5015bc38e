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
# each with the options that most of them name
find "$scripts/coccinelle" -name '*.cocci' | sort >"$tmp/cocci"
ok "all of $(wc -l <"$tmp/cocci") scripts ran" nice xargs -a "$tmp/cocci" -P "$(nproc)" -n 1 sh -c '
	name=$(echo "${1#"$scripts"/coccinelle/}" | tr / -)
	spatch -D report --no-show-diff --very-quiet --no-includes --include-headers \
		--macro-file tests/lint/coccinelle.macros --cocci-file "$1" \
		$(cat "$tmp/files") >"$tmp/out/$name" 2>&1 </dev/null ||
		{ echo "$name: status $?"; tail -n 3 "$tmp/out/$name"; false; }' sh
# the scripts' own
clean coccinelle 'what they found is answered' < <(
	grep -hvE '^warning: line [0-9]+: should [a-z_]+ be a metavariable\?$' "$tmp/out/"* | sort -u)

# what it cannot read it leaves out without a word
# shellcheck disable=SC2046 # names without blanks
spatch --no-includes --macro-file tests/lint/coccinelle.macros --verbose-parsing \
	--parse-c $(cat "$tmp/files") >"$tmp/parsed" 2>&1
clean parse 'Coccinelle understands the rest' < <(
	grep -A3 '^parse error' "$tmp/parsed" | sed -n '
		s/.*File "\([^"]*\)", line \([0-9]*\).*/\1:\2: /; T content; h; b
		: content
		s/.*whole content = *//; T; H; g; s/\n//; p' |
		grep -v '^/usr/lib/coccinelle/' | sort -u)
finish
