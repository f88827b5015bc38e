#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# Makes the source package and the packages from the work tree, in build/.
#
#   build.sh orig         the three upstream tarballs
#   build.sh deb          those, and what dpkg-buildpackage makes of them
#   build.sh source DIR   the source package, in DIR, with the Lua of the suite that
#                         LUNATIK_LUA_SUITE names
#   build.sh dist [TAG]   the three tarballs of a release, from a tag of git: that of
#                         the version in debian/changelog, v0.1.0, or another; the
#                         same tag gives the same bytes, whatever is in the work tree
#
# What counts as the tree: the files git tracks and those it does not ignore.

set -eu -o pipefail
umask 022

top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"

version=$(debian/version.sh)
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
	grep -zv '^debian/' | tarball | xz -T1
}

# lua OUT: Debian's two tarballs, under the names of components of ours
lua_tarballs() {
	local paths

	paths=$(debian/lua/stage.sh tarballs)
	cp -f "$(echo "$paths" | sed -n 1p)" \
		"$1/lunatik_$version.orig-lua.tar.gz"
	cp -f "$(echo "$paths" | sed -n 2p)" \
		"$1/lunatik_$version.orig-lua-debian.tar.xz"
}

# orig OUT
orig() {
	mkdir -p "$1"
	if ! git -c safe.directory="$top" rev-parse --git-dir >/dev/null; then
		die "this is no git checkout; in an unpacked source package" \
			"use dpkg-buildpackage"
	fi
	lua_tarballs "$1"
	files | upstream >"$1/orig.tmp"
	mv "$1/orig.tmp" "$1/lunatik_$version.orig.tar.xz"
}

# source_tree OUT: the tarballs there, unpacked as dpkg-source does, with debian/
source_tree() {
	local tree=$1/$name

	tar -xf "$1/lunatik_$version.orig.tar.xz" -C "$1"
	files | grep -z '^debian/' | tarball | tar -x -C "$1"
	mkdir "$tree/lua" "$tree/lua-debian"
	tar -xf "$1/lunatik_$version.orig-lua.tar.gz" --no-same-owner \
		--strip-components=1 -C "$tree/lua"
	tar -xf "$1/lunatik_$version.orig-lua-debian.tar.xz" --no-same-owner \
		--strip-components=1 -C "$tree/lua-debian"
}

# source_package OUT
source_package() {
	orig "$1"
	source_tree "$1"
	(cd "$1" && dpkg-source -b "$name" && rm -r "$name")
}

# dist [TAG]
dist() {
	local tag=${1:-v$version} out=$top/build/dist

	git -c safe.directory="$top" rev-parse -q --verify "refs/tags/$tag" >/dev/null ||
		die "there is no tag $tag; 'git tag -a $tag' makes it"
	tree=$(mktemp -d)
	trap 'rm -rf "$tree"' EXIT
	git -c safe.directory="$top" archive "$tag" | tar -x -C "$tree"
	cd "$tree"
	version=$(debian/version.sh)
	[ "$tag" = "v$version" ] ||
		die "the tree of the tag $tag has the version $version in debian/changelog"
	debian/version.sh check || die "the tag $tag is no release: see above"
	date=$(sed -n 's/^ -- .*>  //p' debian/changelog | head -n 1)
	name=lunatik-$version
	rm -rf "$out"
	mkdir -p "$out"
	lua_tarballs "$out"
	find . \( -type f -o -type l \) -printf '%P\0' | LC_ALL=C sort -z |
		upstream >"$out/lunatik_$version.orig.tar.xz"
	cd "$out"
	sha256sum -- lunatik_* | tee SHA256SUMS
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
	debian/version.sh check >&2 ||
		die "the version is not the same everywhere: see above; debian/version.sh"
	if complete; then
		say "nothing changed, the packages in build/ are those of this tree"
		return 0
	fi
	mkdir -p build/logs
	rm -rf build/lunatik-* build/packages build/.state
	rm -f build/*.deb build/*.dsc build/lunatik_*
	now=$(state)
	orig build
	source_tree build

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
	orig build
	ls -1 build/lunatik_"$version".orig*
	;;
deb) packages ;;
source)
	mkdir -p "${2:?source DIR}"
	source_package "$(cd "$2" && pwd)"
	;;
dist) dist "${2-}" ;;
*) die "usage: debian/build.sh orig | deb | source DIR | dist [TAG]" ;;
esac
