#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# Makes the source package and the packages from the work tree, in build/.
#
#   build.sh orig   the three upstream tarballs
#   build.sh deb    those, and what dpkg-buildpackage makes of them
#
# What counts as the tree: the files git tracks and those it does not ignore.

set -eu -o pipefail
umask 022

top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"

version=$(sed -n '1s/^lunatik (\(.*\)-[^-]*) .*/\1/p' debian/changelog)
date=$(sed -n 's/^ -- .*>  //p' debian/changelog | head -n 1)
name=lunatik-$version
log=build/logs/deb.log

say() {
	printf 'deb: %s\n' "$*"
}

die() {
	printf 'deb: error: %s\n' "$*" >&2
	exit 1
}

# The tree may belong to somebody else than who builds.
files() {
	git -c safe.directory="$top" ls-files -z --cached --others \
		--exclude-standard |
		LC_ALL=C sort -zu |
		xargs -0 sh -c 'for f; do
			if [ -e "$f" ] || [ -L "$f" ]; then printf "%s\0" "$f"; fi
		done' files
}

# The same tree gives the same bytes.
tarball() {
	tar --create --format=gnu --no-recursion --mtime="$date" \
		--owner=0 --group=0 --numeric-owner --mode=u+rw,go=rX \
		--transform="s,^,$name/,S" --null --files-from=-
}

upstream() {
	files | grep -zv '^debian/' | tarball
}

orig() {
	mkdir -p build
	if ! git -c safe.directory="$top" rev-parse --git-dir >/dev/null; then
		die "this is no git checkout; in an unpacked source package" \
			"use dpkg-buildpackage"
	fi
	paths=$(debian/lua/stage.sh tarballs)
	cp -f "$(echo "$paths" | sed -n 1p)" \
		"build/lunatik_$version.orig-lua.tar.gz"
	cp -f "$(echo "$paths" | sed -n 2p)" \
		"build/lunatik_$version.orig-lua-debian.tar.xz"
	upstream | xz -T1 >build/orig.tmp
	mv build/orig.tmp "build/lunatik_$version.orig.tar.xz"
}

# All that the packages are made of.
state() {
	{
		files | tarball
		cat src/lua/.staged
	} | sha256sum
}

complete() {
	[ -f build/packages ] && [ "$(state)" = "$(cat build/.state)" ] &&
		(cd build && sha256sum --check --status packages)
}

packages() {
	grep -q "^PACKAGE_VERSION=\"$version\"\$" dkms.conf ||
		die "dkms.conf has another version than debian/changelog, $version"
	if complete; then
		say "nothing changed, the packages in build/ are those of this tree"
		return 0
	fi
	mkdir -p build/logs
	rm -rf build/lunatik-* build/packages build/.state
	rm -f build/*.deb build/*.dsc build/lunatik_*
	now=$(state)
	orig
	tar -xf "build/lunatik_$version.orig.tar.xz" -C build
	files | grep -z '^debian/' | tarball | tar -x -C build
	cp -R lua lua-debian "build/$name"

	say "building the source package and the packages (log: $log)"
	if ! (cd "build/$name" && dpkg-buildpackage -us -uc) >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		die "dpkg-buildpackage failed; the end of $log is above"
	fi
	(cd build && sha256sum -- *.deb *.dsc lunatik_*.tar.* >packages.tmp)
	mv build/packages.tmp build/packages
	printf '%s\n' "$now" >build/.state
	for deb in build/*.deb; do
		say "$deb"
	done
}

case ${1:-} in
orig)
	orig
	ls -1 build/lunatik_"$version".orig*
	;;
deb) packages ;;
*) die "usage: debian/build.sh orig|deb" ;;
esac
