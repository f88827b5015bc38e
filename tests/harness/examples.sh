#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# examples.sh DIR [INCLUDE]: writes the examples of the manual to DIR, as files
# with the names that the pages give them, and a Kbuild that makes a module of
# each of those in C. INCLUDE has lunatik.h: /usr/src/lunatik/include if it is
# not given.
#
# An example is a block that follows a comment,
#
#	.\" example: name.c
#	.Bd -literal -offset indent
#
# and is taken as a reader sees it. What is not as it should be ends this with
# an error: a block without its comment that looks like a whole file in C, a
# name that two have, a macro or an unknown escape in a block.
set -eu

[ $# -ge 1 ] || {
	echo "usage: examples.sh DIR [INCLUDE]" >&2
	exit 2
}
dir=$1
include=${2:-/usr/src/lunatik/include}
man=$(cd "$(dirname "$0")/../../man" && pwd)
mkdir -p "$dir"

awk -v dir="$dir" '
function fail(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why >"/dev/stderr"
	bad = 1
	exit 1
}
FNR == 1 && file != "" {
	fail("the page before ends within an example")
}
/^\.\\" example: / {
	if (file != "")
		fail("no block after the comment for " file)
	if ($3 !~ /^[a-z][a-z0-9_]*\.(c|lua)$/)
		fail("not the name of an example: " $3)
	if ($3 in seen)
		fail($3 " is in " seen[$3] " too")
	seen[$3] = FILENAME
	file = dir "/" $3
	next
}
/^\.\\" file: / {	# for thirdparty.sh
	other = 1
	next
}
file != "" && !inside {
	if ($0 !~ /^\.Bd -literal/)
		fail("the block does not follow its comment")
	inside = 1
	next
}
/^\.Bd/ {
	block = 1
	next
}
/^\.Ed/ {
	if (inside)
		close(file)
	file = ""
	inside = block = other = 0
	next
}
block && !other && /^(#include|MODULE_LICENSE)/ {
	fail("C without a comment that says which example it is")
}
inside {
	if ($0 ~ /^[.\047]/)
		fail("a macro in the block")
	gsub(/\\&/, "")
	gsub(/\\\(dq/, "\"")
	gsub(/\\\(aq/, "\047")
	gsub(/\\\(ha/, "^")
	gsub(/\\\(ti/, "~")
	gsub(/\\-/, "-")
	rest = $0
	gsub(/\\e/, "", rest)
	if (rest ~ /\\/)
		fail("an escape that is not known here")
	gsub(/\\e/, "\\")
	print >file
}
END {
	if (!bad && file != "")
		fail("the page ends within an example")
}' "$man"/man*/*.[1-9]

{
	echo '# SPDX-License-Identifier: MIT OR GPL-2.0-only'
	echo "ccflags-y := -I$include -Wall -Werror"
	for example in "$dir"/*.c; do
		case $example in *.mod.c) continue ;; esac
		example=${example##*/}
		echo "obj-m += ${example%.c}.o"
	done
} >"$dir/Kbuild"
