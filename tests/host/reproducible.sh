#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# Two builds of the source package, as different as two machines make them, are the same
# bytes.
# timeout: 900
# needs: faketime
set -u
cd "$TOP" || exit
. "$KTAP"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir "$work/one" "$work/another place"
dsc=$(echo "$BUILD_DIR"/lunatik_*.dsc)

# build DIR COMMAND...: by what the command runs it with; the umask is the caller's
build()
{
	local dir=$1
	shift

	(cd "$dir" && dpkg-source --no-check -x "$dsc" tree && cd tree &&
		"$@" dpkg-buildpackage -us -uc -b) >"$dir/log" 2>&1 || {
		tail -n 20 "$dir/log" | diag
		return 1
	}
}

umask 022
ok 'a build' build "$work/one" env TZ=UTC LC_ALL=C.UTF-8
umask 002
ok 'one in another directory, 400 days later, with other words, users and umask' \
	build "$work/another place" env TZ=Pacific/Kiritimati LC_ALL=C LANG=C LANGUAGE=et \
	HOME=/nonexistent USER=somebody PATH="$PATH:/nowhere" DEB_BUILD_OPTIONS=parallel=3 \
	faketime -f +400d
umask 022
sums=$(cd "$work/one" && sha256sum -- *.deb)
like "$sums" 'lunatik-dkms_' 'there are packages'
is "$(cd "$work/another place" && sha256sum -- *.deb)" "$sums" 'their packages are the same, byte for byte'
is "$(cd "$BUILD_DIR" && sha256sum -- *.deb)" "$sums" "and as 'make deb' has made them"
diag <<<"$sums"
if ! cmp -s <(cd "$work/one" && sha256sum -- *.deb) <(cd "$work/another place" && sha256sum -- *.deb); then
	for deb in "$work"/one/*.deb; do
		diff <(dpkg-deb -c "$deb") <(dpkg-deb -c "$work/another place/${deb##*/}")
	done | head -n 20 | diag
fi
finish
