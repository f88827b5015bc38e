#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# A binding by somebody else: the example of lunatik-binding(7), taken from the
# page as it is in the package lunatik-doc.
#
# And tests/modules/tables, which uses luarcu too, with the conf that the page
# has for such a module, but without a package.
#
#   thirdparty.sh prepare BUILD_DIR DIR   DIR gets the example, its package, and
#                                         packages of a core with another ABI
#   thirdparty.sh install ROOT DIR        installs the package in ROOT beside
#                                         ours, upgrades the core in a copy
#
# As root. For the guest, ROOT/opt/lunatik-thirdparty has:
#
#   commands/run    how the page runs the example
#   byhand/*.ko     the module as the page builds it without DKMS
#   before/*.ko     the modules as installed, before/status that of DKMS
#   after/*.ko      the same after the core was upgraded
#   failed          what went wrong, if anything did: a test of the guest tells
#
# shellcheck disable=SC2317 # unmount is called by name
set -eu
. "$(dirname "$0")/lib.sh"
. "$HARNESS/debian.sh"

name=password
package=$name-dkms

# --- prepare

# extract PAGE DIR: files to DIR/source, commands to DIR/commands, each block
# behind its comment; of the commands what follows '$ ' or '# '
extract()
{
	awk -v dir="$2" '
	function fail(why) {
		printf "%s:%d: %s\n", FILENAME, NR, why >"/dev/stderr"
		bad = 1
		exit 1
	}
	/^\.\\" (file|commands): / {
		if (file != "")
			fail("no block after the comment for " file)
		command = $2 == "commands:"
		file = dir (command ? "/commands/" : "/source/") $3
		parent = file
		sub(/\/[^\/]*$/, "", parent)
		system("mkdir -p \"" parent "\"")
		next
	}
	file != "" && !inside {
		if ($0 !~ /^\.Bd -literal/)
			fail("the block does not follow its comment")
		inside = 1
		next
	}
	inside && /^\.Ed/ {
		close(file)
		file = ""
		inside = 0
		blocks++
		next
	}
	inside {
		if ($0 ~ /^[.\047]/)
			fail("a macro in the block")
		gsub(/\\&/, "")
		gsub(/\\\(dq/, "\"")
		gsub(/\\\(aq/, "\047")
		gsub(/\\-/, "-")
		rest = $0
		gsub(/\\e/, "", rest)
		if (rest ~ /\\/)
			fail("an escape that is not known here")
		gsub(/\\e/, "\\")
		if (command && !sub(/^[$#] /, ""))
			next
		print >file
	}
	END {
		if (!bad && (file != "" || !blocks))
			fail("a block is missing")
	}' "$1"
}

# upgraded BUILD_DIR PACKAGE MODULE OUT: repacks it with a higher version
upgraded()
{
	local deb old new upstream tree

	deb=$(echo "$1/$2"_*.deb)
	old=$(dpkg-deb -f "$deb" Version)
	upstream=${old%-*}
	new=$upstream.1
	tree=$4/tree-$2
	dpkg-deb -R "$deb" "$tree"
	mv "$tree/usr/src/$3-$upstream" "$tree/usr/src/$3-$new"
	[ ! -L "$tree/usr/src/$3" ] || ln -sfn "$3-$new" "$tree/usr/src/$3"
	sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$new\"/" \
		"$tree/usr/src/$3-$new/dkms.conf"
	sed -i "s/^Version:.*/Version: $new-1/; s/(= $old)/(= $new-1)/" \
		"$tree/DEBIAN/control"
	sed -i "s/^DKMS_VERSION=.*/DKMS_VERSION=$new/" "$tree/DEBIAN"/p*
	rm "$tree/DEBIAN/md5sums"
	if [ "$3" = lunatik ]; then
		sed -i "s/\"$upstream\"/\"$new\"/" \
			"$tree/usr/src/$3-$new/include/lunatik_version.h"
		# each symbol that takes an object has another version
		sed -i -E 's/^(typedef )?struct lunatik_object_s \{$/&\n\tu64 upgraded;/' \
			"$tree/usr/src/$3-$new/include/lunatik.h"
		grep -q 'u64 upgraded;' "$tree/usr/src/$3-$new/include/lunatik.h" ||
			die "no struct lunatik_object_s in lunatik.h to change"
	fi
	dpkg-deb -Zgzip -z1 --root-owner-group -b "$tree" "$4/$2_$new-1_all.deb"
	rm -r "$tree"
}

# What the page excludes is what the core excludes.
prepare()
{
	local build=$1 dir=$2 conf

	rm -rf "$dir"
	mkdir -p "$dir/core"
	dpkg-deb --fsys-tarfile "$build"/lunatik-doc_*.deb |
		tar -xO ./usr/share/man/man7/lunatik-binding.7.gz |
		gzip -dc >"$dir/lunatik-binding.7"
	extract "$dir/lunatik-binding.7" "$dir"
	for conf in "$TOP/debian/lunatik-dkms.dkms" \
		    "$dir/source/$package-1.0/debian/$package.dkms"; do
		grep '^BUILD_EXCLUSIVE_' "$conf" >"$dir/exclusive.new"
		[ ! -f "$dir/exclusive" ] || diff "$dir/exclusive" "$dir/exclusive.new"
		mv "$dir/exclusive.new" "$dir/exclusive"
	done
	(cd "$dir/source" && sh -eux ../commands/package)
	[ -f "$dir/source/${package}_1.0_all.deb" ]
	upgraded "$build" lunatik-dkms lunatik "$dir/core"
	upgraded "$build" luarcu-dkms luarcu "$dir/core"
}

# --- install

# what fails in here is told by a test, and leaves the image as it would be
apt()
{
	chroot "$1" env DEBIAN_FRONTEND=noninteractive LC_ALL=C \
		apt-get -y -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root \
		-o Dpkg::Options::=--force-unsafe-io "${@:2}"
}

# by_hand: the page's commands as somebody types them; uname is the host's
by_hand()
{
	rm -rf "$root/tmp/byhand"
	cp -r "$dir/source" "$root/tmp/byhand"
	cp "$dir/commands/build" "$root/tmp/byhand"
	chroot "$root" env KERNEL="$kernel" sh -eux -c \
		'uname() { echo "$KERNEL"; }; cd /tmp/byhand; . ./build'
	mkdir -p "$out/byhand"
	mv "$root/tmp/byhand/$package-1.0/$name.ko" "$out/byhand/"
	rm -r "$root/tmp/byhand"
}

# keep ROOT WHEN: the modules that ROOT has, for the guest
keep()
{
	local module

	mkdir -p "$out/$2"
	cp "$1/lib/modules/$kernel/updates/dkms"/*.ko* "$out/$2/"
	# as DKMS installs them for Debian's kernels since 6.12
	! ls "$out/$2"/*.xz >/dev/null 2>&1 || xz -d "$out/$2"/*.xz
	chroot "$1" dkms status >"$out/$2/status"
	cat "$out/$2/status"
	for module in "$name" tables; do
		grep -q "^$module/1.0, $kernel, .*: installed" "$out/$2/status"
	done
}

# tables: with the conf of the page
tables()
{
	local src=$root/usr/src/tables-1.0

	cp -r "$TOP/tests/modules/tables" "$src"
	{
		cat <<-X
		PACKAGE_NAME=tables
		PACKAGE_VERSION=1.0
		AUTOINSTALL=yes
		BUILT_MODULE_NAME[0]=tables
		DEST_MODULE_LOCATION[0]=/updates/dkms
		X
		cat "$dir/exclusive" "$dir/source/tables-1.0/conf"
	} >"$src/dkms.conf"
	chroot "$root" dkms install tables/1.0 -k "$kernel"
}

unmount()
{
	umount "$copy/dev" "$copy/proc" "$copy" 2>/dev/null || :
}

# In a copy that costs nothing, if overlays are to be had.
upgrade()
{
	copy=$dir/copy
	mkdir -p "$copy" "$dir/upper" "$dir/work"
	trap unmount EXIT
	mount -t overlay -o "lowerdir=$root,upperdir=$dir/upper,workdir=$dir/work" \
		overlay "$copy" ||
		cp -a --one-file-system "$root/." "$copy"
	mount -t proc proc "$copy/proc"
	mount --bind "$root/dev" "$copy/dev"
	cp -r "$dir/core" "$copy/opt/core"
	local debs=("$copy"/opt/core/*.deb)
	apt "$copy" install --no-install-recommends "${debs[@]#"$copy"}"
	keep "$copy" after
}

install()
{
	root=$1 dir=$2 out=$1/opt/lunatik-thirdparty
	kernel=$(guest_kernel "$root")
	mkdir -p "$out"
	cp -r "$dir/commands" "$out/"
	by_hand
	cp "$dir/source/${package}_1.0_all.deb" "$root/opt/"
	apt "$root" install --no-install-recommends "/opt/${package}_1.0_all.deb"
	tables
	keep "$root" before
	upgrade
}

case ${1-} in
prepare) prepare "$2" "$3" ;;
install) install "$2" "$3" ;;
*) die "usage: thirdparty.sh prepare BUILD_DIR DIR | install ROOT DIR" ;;
esac
