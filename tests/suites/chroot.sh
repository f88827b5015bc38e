#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# chroot.sh SUITE ANSWER: makes a Debian system of that suite to build packages in,
# to check them with the suite's tools and to install them, once a week, as one
# tarball in $LUNATIK_CACHE/suites, and writes its path to the file ANSWER. As root.
set -eu
. "$(dirname "$0")/../harness/lib.sh"

max_age_days=7
packages=(
	# what every build starts from
	build-essential fakeroot debhelper dh-dkms
	# what checks the packages
	lintian autopkgtest
	# what DKMS needs to build, and the kernel to build for
	dkms kmod linux-headers-cloud-amd64
)
options=(
	--mode=root --variant=buildd
	--dpkgopt=force-unsafe-io
	--dpkgopt='path-exclude=/usr/share/locale/*'
	--aptopt='Acquire::Retries "3"'
)

suite=$1 answer=$2
[ "$(id -u)" -eq 0 ] || as_root "$0" "$@"
cache=$LUNATIK_CACHE/suites
include=$(IFS=,; echo "${packages[*]}")
hash=$(echo "$suite ${packages[*]} ${options[*]}" | sha256sum | cut -c 1-12)
tarball=$cache/$suite-$hash.tar.zst
new=$cache/new-$suite-$hash.tar.zst
mkdir -p "$cache"
exec 9>"$cache/lock-$suite"
flock -n 9 || {
	say "waiting for another run that makes $tarball"
	flock 9
}
if [ ! -f "$tarball" ] ||
   [ -n "$(find "$tarball" -mtime "+$((max_age_days - 1))")" ]; then
	mapfile -t lines < <(sources "$suite")
	trap 'rm -f "$new"' EXIT
	# a python3 of somebody's own would be started for each package
	if alive "$cache/$suite.log" "making a system of $suite to build in" \
		in_namespace env PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		mmdebstrap "${options[@]}" --include="$include" \
		"$suite" "$new" "${lines[@]}"; then
		mv "$new" "$tarball"
		find "$cache" -maxdepth 1 -name "$suite-*.tar.zst" ! -path "$tarball" -delete
	else
		[ -f "$tarball" ] || die "no system of $suite; is the network there?"
		say "going on with the system of $suite of $(date -r "$tarball" +%F)"
	fi
fi
printf '%s\n' "$tarball" >"$answer"
