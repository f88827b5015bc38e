#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The version of Lunatik is that of the newest entry in debian/changelog. Other files
# that have to say it are compared with that, or made to say it.
#
#   version.sh         print it
#   version.sh check   name the files that say another one; fails if there are any
#   version.sh set     make them say it; CHANGELOG is written by hand

set -eu -o pipefail
cd "$(dirname "$0")/.."
version=$(sed -n '1s/^lunatik (\(.*\)-[^-]*) .*/\1/p' debian/changelog)
[ -n "$version" ] || {
	echo "version.sh: error: no version in the first line of debian/changelog" >&2
	exit 1
}

# places: a file, and a sed expression whose only group is the version, in each line
places()
{
	local file

	printf '%s\t%s\n' dkms.conf '^PACKAGE_VERSION="(.*)"$' \
		src/include/lunatik_version.h '^#define LUNATIK_VERSION[[:space:]]+"(.*)"$'
	for file in man/man*/*; do
		# a page may be another name of one
		grep -q '^\.so ' "$file" ||
			printf '%s\t%s\n' "$file" '^\.Os Lunatik (.*)$'
	done
	for file in tools/*; do
		[ ! -f "$file" ] || ! grep -qE '"lunatik [0-9]+\.[0-9.]+' "$file" ||
			printf '%s\t%s\n' "$file" '"lunatik ([0-9]+[.][0-9.]+)'
	done
}

# said FILE EXPRESSION: the versions that it says
said()
{
	sed -nE "s,.*$2.*,\\1,p" "$1" | sort -u
}

# replace FILE EXPRESSION
replace()
{
	local line=${2%%\(*} old

	old=$(said "$1" "$2")
	[ "$(wc -l <<<"$old")" -eq 1 ] && [ -n "$old" ] || return 0
	sed -i -E "s,(${line})${old//./\\.},\\1$version," "$1"
}

case ${1-} in
'') echo "$version" ;;
check)
	status=0
	while IFS=$'\t' read -r file expression; do
		got=$(said "$file" "$expression" | paste -sd ' ')
		[ "$got" = "$version" ] || {
			echo "$file says ${got:-no version}, debian/changelog $version"
			status=1
		}
	done < <(places)
	grep -q "^Lunatik $version\$" CHANGELOG || {
		echo "CHANGELOG has no heading 'Lunatik $version'"
		status=1
	}
	exit "$status"
	;;
set)
	while IFS=$'\t' read -r file expression; do
		replace "$file" "$expression"
	done < <(places)
	;;
*)
	echo "usage: version.sh [check | set]" >&2
	exit 2
	;;
esac
