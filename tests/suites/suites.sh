#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# suites.sh BUILD_DIR [SUITE...]: what each suite of Debian makes of the source package,
# with the suite's own lua5.4, debhelper, lintian and dkms: a table in
# BUILD_DIR/suites.txt, and in tests/SUITES.md. A line for a suite that is not asked for
# stays as it is. Fails when there is something to mend in one.
#
# Logs: BUILD_DIR/suites/SUITE/*.log; the packages are in BUILD_DIR/suites/SUITE/debs.
# What runs there is inside.sh. As root, or by sudo.
#
#   STEPS='build lintian'   only these; the others are - in the table. All:
#                           build lintian headers install purge autopkgtest piuparts
set -eu -o pipefail
. "$(dirname "$0")/../harness/lib.sh"

suites=$TOP/tests/suites
table_head='| suite | lua5.4 | build | lintian | Linux | dkms | no headers | install | purge | piuparts | autopkgtest-pkg-dkms |
|---|---|---|---|---|---|---|---|---|---|---|'

# mounted ROOT COMMAND...: with what programs in there expect; in a mount namespace
mounted()
{
	root=$1
	shift
	trap 'umount "$root/dev/pts" "$root/dev" "$root/proc" 2>/dev/null || :' EXIT
	mount -t proc proc "$root/proc"
	mount --bind /dev "$root/dev"
	mount -t devpts devpts "$root/dev/pts" || :
	"$@"
}

# unpack TARBALL ROOT [OPTION]
unpack()
{
	rm -rf --one-file-system "$2"
	mkdir -p "$2"
	tar -C "$2" ${3:+"$3"} -xf "$1"
	cp -L /etc/resolv.conf "$2/etc/resolv.conf" || :
	printf '#!/bin/sh\nexit 101\n' >"$2/usr/sbin/policy-rc.d"
	chmod +x "$2/usr/sbin/policy-rc.d"
}

# inside ROOT STEP: one step of inside.sh, its log kept; what it found is in ROOT/suites
inside()
{
	local root=$1 step=$2 status=0

	alive "$logs/$step.log" "$suite: $step" in_namespace bash "$0" --mounted "$root" \
		chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
		LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} \
		bash /suites/inside.sh "$step" || status=$?
	[ "$status" -eq 0 ] || failed=1
	return "$status"
}

# wanted STEP: whether it is one of STEPS
wanted()
{
	case " ${STEPS:-$1} " in
	*" $1 "*) ;;
	*) false ;;
	esac
}

# result NAME: what a step found, for the table
result()
{
	local said

	said=$(cat "$work/root/suites/results/$1" 2>/dev/null) || :
	[ -n "$said" ] || wanted "$1" || said=-
	echo "${said:-failed}"
}

# run_piuparts: in a system of its own, where headers are but no DKMS, so that it comes
# and goes with the packages, and builds them
run_piuparts()
{
	local status=0 root=$work/root-piuparts
	# what DKMS and debconf themselves leave behind when they go
	local others=(--ignore /var/lib/dkms/ --ignore /var/lib/dkms/mok.key
		--ignore /var/lib/dkms/mok.pub --ignore /var/cache/debconf/tmp.ci/)

	unpack "$tarball" "$root"
	# a mirror may be older than sid lets it be; piuparts has sources of its own
	echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/99lunatik"
	chroot "$root" sh -c 'dpkg --purge --force-depends dkms dh-dkms && depmod "$(ls /lib/modules)"' \
		>"$logs/piuparts.log" 2>&1
	alive "$logs/piuparts.log" "$suite: piuparts" in_namespace env -u LC_ALL \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin piuparts --distribution "$suite" \
		--existing-chroot "$root" --allow-database --no-eatmydata "${others[@]}" \
		"$out"/debs/*.deb || status=$?
	rm -rf --one-file-system "$root"
	if [ "$status" -eq 0 ]; then
		echo clean
	else
		failed=1
		echo "failed: see piuparts.log"
	fi >"$work/root/suites/results/piuparts"
}

# lua_suite: the suite itself, or the newest that is in debian/lua/versions
lua_suite()
{
	awk '!/^#/ && NF { newest = $1 } $1 == suite { newest = suite; exit }
		END { print newest }' suite="$suite" "$TOP/debian/lua/versions"
}

# check_suite: sets row
check_suite()
{
	local root=$work/root step

	rm -rf "$out"
	mkdir -p "$logs" "$out/debs"
	bash "$suites/chroot.sh" "$suite" "$work/base"
	tarball=$(cat "$work/base")
	LUNATIK_LUA_SUITE=$(lua_suite) alive "$logs/source.log" "$suite: the source package" \
		bash "$TOP/debian/build.sh" source "$out/source"
	unpack "$tarball" "$root" --exclude='./dev/*'
	mkdir -p "$root/suites/results"
	cp -r "$out/source" "$suites/inside.sh" "$root/suites"
	for step in build lintian headers install purge autopkgtest; do
		wanted "$step" || continue
		inside "$root" "$step" || {
			[ "$step" != build ] || break
		}
		cp "$root"/suites/debs/*.deb "$out/debs/" 2>/dev/null || :
	done
	cp -r "$root/suites/results" "$root"/suites/logs/. "$logs/" 2>/dev/null || :
	[ ! -f "$root/suites/results/build" ] || ! wanted piuparts || run_piuparts
	row="| $suite"
	for step in lua build lintian linux dkms headers install purge piuparts autopkgtest; do
		row="$row | $(result "$step")"
	done
	row="$row |"
}

# table OLD: with row in place of the suite's line
table()
{
	echo "$table_head"
	{
		! [ -f "$1" ] || grep '^| ' "$1" | grep -vE "^\| (suite|$suite) \|" || :
		echo "$row"
	} | sort
}

if [ "${1-}" = --mounted ]; then
	shift
	mounted "$@"
	exit
fi
[ -d "${1-}" ] || die "usage: suites.sh BUILD_DIR [SUITE...]"
[ "$(id -u)" -eq 0 ] || as_root "$0" "$@"
"$HARNESS/deps.sh" "$0"
# needs: piuparts
build=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- bookworm trixie sid
work=$(mktemp -d "$build/work-suites.XXXXXX")
chmod 755 "$work"
trap 'rm -rf --one-file-system "$work"' EXIT
status=0
for suite; do
	out=$build/suites/$suite logs=$build/suites/$suite failed=
	check_suite
	table "$build/suites.txt" >"$work/table"
	mv "$work/table" "$build/suites.txt"
	[ -z "$failed" ] || status=1
done
{
	echo '<!-- SPDX-License-Identifier: MIT OR GPL-2.0-only -->'
	echo '# The source package in suites of Debian'
	echo
	echo 'Written by `make check-suites`; what is not done or not asked for is -.'
	echo
	cat "$build/suites.txt"
} >"$TOP/tests/SUITES.md"
cat "$build/suites.txt"
exit "$status"
