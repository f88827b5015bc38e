#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# needs: mandoc man-db lua5.4
# timeout: 1800
# The C API as the documents have it, the headers and the manual: each name is
# declared, described and tested; the pages are in order; their examples build.
set -u
cd "$TOP" || exit
. "$KTAP"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export LC_ALL=C.UTF-8

# --- names

# Not for authors of bindings to use, though the header has to have it.
is_plumbing()
{
	case $1 in
	LUNATIK_H | LUARCU_H | LUADATA_H) ;;	# the guards
	*_s) ;;				# the tag of a typedef
	*_by | *_owner) ;;		# take the caller's module, for an inline function
	lunatik_enter | lunatik_leave | lunatik_recover) ;;	# of lunatik_handle()
	lunatik_call | lunatik_recovery) ;;	# what these keep on the stack
	LUNATIK_UNSET) ;;		# how
	lunatik_keepobject) ;;		# of lunatik_attach()
	lunatik_dropkept) ;;		# of lunatik_detach()
	lunatik_getinteger | lunatik_getintegeror | lunatik_storeinteger) ;;
					# of lunatik_setinteger(), lunatik_optinteger()
	lunatik_copystring) ;;		# of lunatik_setstring()
	lunatik_raise*) ;;		# the errors of macros
	lunatik_newlib | lunatik_lib) ;;	# of LUNATIK_NEWLIB()
	*) return 1 ;;
	esac
}

# header_names HEADER PATTERN: what it declares: macros, types, enumerators,
# functions; not what is in a body
header_names()
{
	perl -0777 -ne '
		s{/\*.*?\*/}{}gs;
		print "$1\n" while s/^#define\s+(\w+)(?:[^\n]*\\\n)*[^\n]*\n//m;
		s/^#.*\n//mg;
		while (s/\benum\s+(\w+)\s*\{([^{}]*)\}//) {
			my $list = $2;

			print "$1\n";
			print "$1\n" while $list =~ /(\w+)/g;
		}
		1 while s/\{[^{}]*\}/;;/g;
		print "$1\n" while s/\btypedef\b[^;]*?\(\*(\w+)\)\s*\([^()]*\)\s*;//;
		print "$1\n" while s/\btypedef\b[^;]*;;\s*(\w+);//;
		print "$1\n" while s/\btypedef\b[^;]*?(\w+);//;
		print "$1\n" while s/\bstruct\s+(\w+)\s*;//;
		s/\(\*\w+\)\s*\([^()]*\)//g;
		print "$1\n" while s/\b(\w+)\s*\([^()]*\)\s*;//;
	' "src/include/$1" | grep -E "$2" | sort -u
}

# public FILE: those of the names in it that are for authors of bindings
public()
{
	local name

	while read -r name; do
		is_plumbing "$name" || printf '%s\n' "$name"
	done <"$1"
}

# has_page NAME: man finds a page under the name, whose section NAME has it
has_page()
{
	local found

	found=$(man -I -M "$TOP/man" -w 3 "$1" 2>/dev/null) && [ -n "$found" ] || return
	lexgrog "$found" 2>/dev/null | grep -qE "\"$1 - "
}

grep -v '^#' tests/host/capi-names.txt | sort -u >"$tmp/document"
header_names lunatik.h '^(lunatik|LUNATIK)_' >"$tmp/declared"
header_names luarcu.h . >"$tmp/declared-rcu"
header_names luadata.h . >"$tmp/declared-data"
public "$tmp/declared" >"$tmp/public"
public "$tmp/declared-rcu" >"$tmp/public-rcu"
public "$tmp/declared-data" >"$tmp/public-data"
sort -u "$tmp/document" "$tmp"/public* >"$tmp/names"
diag "$(wc -l <"$tmp/document") names in the document, $(wc -l <"$tmp/public") in lunatik.h" \
	"beside $(($(wc -l <"$tmp/declared") - $(wc -l <"$tmp/public"))) of its own use," \
	"$(wc -l <"$tmp/public-rcu") in luarcu.h, $(wc -l <"$tmp/public-data") in luadata.h"

document=../shared/spec/capi.txt
if [ -f "$document" ]; then
	is "$(grep -oP '\b(lunatik|LUNATIK)_\w*[a-zA-Z0-9](?![\w*])' "$document" |
		grep -v '_s$' | sort -u)" "$(cat "$tmp/document")" \
		'the list of names is that of the document'
else
	skip 'the list of names is that of the document' 'the document is not here'
fi
ok 'the header was understood' test "$(wc -l <"$tmp/public")" -ge 55
ok 'and that of the tables' test "$(wc -l <"$tmp/public-rcu")" -ge 35
is "$(comm -23 "$tmp/document" "$tmp/public")" '' \
	'each name of the document is declared in lunatik.h'

# The functions of spec/rcu.txt, with their arguments; src/include/luarcu.h may
# break a line.
declarations=$(tr -s '\n\t ' ' ' <src/include/luarcu.h)
grep -v '^#' tests/host/rcu-names.txt >"$tmp/document-rcu"
document=../shared/spec/rcu.txt
if [ -f "$document" ]; then
	is "$(grep -E '^rcu_[a-z_]+\(.*\);$' "$document")" "$(cat "$tmp/document-rcu")" \
		'the list of functions is that of the document of the tables'
else
	skip 'the list of functions is that of the document of the tables' 'the document is not here'
fi
undeclared=''
while IFS= read -r function; do
	[[ $declarations = *[\ *]"$function"* ]] || undeclared="$undeclared$function
"
done <"$tmp/document-rcu"
is "$undeclared" '' 'luarcu.h declares each of them with these arguments'
is "$(grep -oP '\bstruct \K\w+' "$tmp/document-rcu" | sort -u | comm -23 - "$tmp/public-rcu")" '' \
	'and the types they take'

nopage='' notest=''
while read -r name; do
	has_page "$name" || nopage="$nopage $name"
	grep -rqw --include='*.c' --include='*.lua' --include='*.sh' "$name" \
		tests/modules tests/guest src/bindings || notest="$notest $name"
done <"$tmp/names"
is "$nopage" '' 'each name has a page in section 3'
is "$notest" '' 'each name is used by a test, or by a binding that has one'

# and the other way round
stale=''
for page in man/man3/*.3; do
	name=${page##*/}
	grep -qx "${name%.3}" "$tmp/names" || stale="$stale $name"
done
is "$stale" '' 'each page of section 3 is of such a name'

# --- pages

# a copy, with an index of it, and something in place of the pages of others
mkdir "$tmp/man"
cp -r man/man* "$tmp/man/"
for other in cat.1 dmesg.1 close.2 dup.2 dup2.2 fork.2 fsync.2 open.2 poll.2 \
	read.2 write.2 dkms.8 modprobe.8 rmmod.8; do
	mkdir -p "$tmp/man/man${other##*.}"
	printf '.Dd January 1, 2026\n.Dt X %s\n.Os\n.Sh NAME\n.Nm %s\n.Nd x\n' \
		"${other##*.}" "${other%.*}" >"$tmp/man/man${other##*.}/$other"
done
makewhatis=$(PATH=$PATH:/usr/sbin command -v makewhatis)
ok 'the pages can be indexed' "$makewhatis" "$tmp/man"

pages=0 links=0
byman='' bygrog='' bymandoc='' badlink='' incomplete=''
for page in man/man*/*.[1-9]; do
	out=$(cd man && MANROFFSEQ='' MANWIDTH=120 \
		man --warnings -E UTF-8 -l -Tutf8 -Z "${page#man/}" 2>&1 >/dev/null)
	[ -z "$out" ] || byman="$byman $page: $out"
	(cd man && lexgrog "${page#man/}" >/dev/null 2>&1) || bygrog="$bygrog $page"
	if grep -q '^\.so ' "$page"; then
		# mandoc dislikes these as such, Debian wants them
		links=$((links + 1))
		target=man/$(sed -n 's/^\.so //p' "$page")
		[ "$(sed '/^\.\\"/d' "$page" | wc -l)" -eq 1 ] &&
			[ -f "$target" ] && ! grep -q '^\.so ' "$target" ||
			badlink="$badlink $page"
		continue
	fi
	pages=$((pages + 1))
	# of sections 1 and 5 none is ours
	out=$(cd "$tmp/man" && MANPATH=$tmp/man mandoc -T lint -W style "${page#man/}" 2>&1 |
		grep -vE 'referenced manual not found: Xr [^ ]+ [15]( |$)')
	[ -z "$out" ] || bymandoc="$bymandoc$out
"
	case $page in
	man/man3/*)
		for wanted in '.Ss Context' '.Sh EXAMPLES' '.Sh SEE ALSO' \
			'\.\\" example: [a-z0-9_]*\.c'; do
			grep -qx -e "$wanted" "$page" ||
				incomplete="$incomplete $page: $wanted"
		done
		;;
	esac
done
diag "$pages pages, $links names that lead to one"
is "$byman" '' 'man warns of nothing'
is "$bygrog" '' 'lexgrog finds the names in each page'
is "$bymandoc" '' 'mandoc finds nothing to criticise'
is "$badlink" '' 'each link leads to a page'
is "$incomplete" '' 'a page of section 3 has a context and an example in C'

# --- examples

ok 'the examples can be taken out of the pages' \
	tests/harness/examples.sh "$tmp/examples" "$TOP/src/include"
set -- "$tmp"/examples/*.c
inc=$#
set -- "$tmp"/examples/*.lua
diag "$inc examples in C, $# in Lua"

bylua=''
for script; do
	out=$(cd "$tmp/examples" && luac5.4 -l -l -p "${script##*/}" 2>&1) ||
		bylua="$bylua $out"
	# no float, in an instruction or among the constants
	! printf '%s\n' "$out" | grep -qP '\tLOADF\s|^\t\d+\tF\t' ||
		bylua="$bylua ${script##*/}: a number that is not an integer"
done
is "$bylua" '' 'Lua compiles those in Lua'

# a kernel that is prepared for building modules
headers=
for dir in /lib/modules/*/build /usr/src/linux-headers-*; do
	if [ -f "$dir/include/config/auto.conf" ]; then
		headers=$dir
		break
	fi
done

# exports MODULE FILE...: what it exports, as a build of it would say
exports()
{
	local module=$1
	shift

	sed -n 's/^EXPORT_SYMBOL_GPL(\([A-Za-z_]*\));.*/\1/p' "$@" | sed -f "$tmp/renames" |
		awk -v module="$module" \
			'{ printf "0x00000000\t%s\t%s\tEXPORT_SYMBOL_GPL\t\n", $1, module }'
}

exported()
{
	sed -n 's/^#define \(lua[A-Za-z_]*\) \(lunatik_[A-Za-z_]*\)$/s:^\1$:\2:/p' \
		src/include/lunatik_names.h >"$tmp/renames"
	exports lunatik src/core/*.c
	# src/libc/setjmp.S
	printf '0x00000000\tlunatik_setjmp\tlunatik\tEXPORT_SYMBOL_GPL\t\n'
	exports luarcu src/rcu/*.c
	exports luadata src/bindings/data.c
}

# How many are built, and what the compiler and modpost warn of.
build()
{
	make -C "$headers" -j"$(nproc)" M="$tmp/examples" \
		KBUILD_EXTRA_SYMBOLS="$tmp/Module.symvers" modules >"$tmp/log" 2>&1
	grep -iE 'warning|error' "$tmp/log"
	set -- "$tmp"/examples/*.ko
	echo "$# built"
}

name='kernel modules can be built of those in C, with no warning'
if [ -n "$headers" ]; then
	exported | sort -u >"$tmp/Module.symvers"
	diag "against $headers"
	is "$(build)" "$inc built" "$name" || diag <"$tmp/log"
else
	skip "$name" 'no kernel headers here; rootfs.sh builds them in the guest'
fi
finish
