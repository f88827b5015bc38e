#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# base.sh ANSWER: makes the base system of the guest, once a week, as one
# tarball in $LUNATIK_CACHE, and writes its path to the file ANSWER. As root.
#
# The name of the tarball holds the hash of this file, so what it says here is
# what is in there. The archives downloaded are kept beside it.
set -eu
. "$(dirname "$0")/lib.sh"

suite=bookworm
max_age_days=7
packages=(
	# what is tested on
	linux-image-cloud-amd64 linux-headers-cloud-amd64 initramfs-tools
	# what the packages depend on
	dkms kmod lua5.4
	# what the tests use
	man-db procps
)
options=(
	--mode=root --variant=minbase
	--dpkgopt=force-unsafe-io
	--dpkgopt='path-exclude=/usr/share/locale/*'
	--aptopt='Acquire::Retries "3"'
)

# The guest has one disk, known beforehand: a small initrd boots faster.
# shellcheck disable=SC2016 # $1, the root, is for the hook's own shell
initrd='mkdir -p "$1/etc/initramfs-tools/conf.d"
printf "MODULES=list\nBUSYBOX=n\nCOMPRESS=zstd\n" \
	>"$1/etc/initramfs-tools/conf.d/lunatik"
printf "virtio_pci\nvirtio_blk\n" >"$1/etc/initramfs-tools/modules"'

fresh()
{
	[ -f "$tarball" ] &&
		[ -z "$(find "$tarball" -mtime "+$((max_age_days - 1))")" ]
}

build()
{
	local new=$LUNATIK_CACHE/new.$$ include
	include=$(IFS=,; echo "${packages[*]}")
	# shellcheck disable=SC2064 # the paths of now
	trap "rm -rf '$new' '$tarball_new'" EXIT
	rm -rf "$LUNATIK_CACHE"/new[.-]*	# of a run that was killed
	mkdir -p "$new"
	export ARCHIVES=$LUNATIK_CACHE/archives ARCHIVES_NEW=$new
	# shellcheck disable=SC2016 # $1, the root, is for the hook's own shell
	alive "$LUNATIK_CACHE/base.log" "building the guest's base system" \
		in_namespace mmdebstrap "${options[@]}" --include="$include" \
		--skip=download/empty --skip=essential/unlink \
		--setup-hook='mkdir -p "$1/var/cache/apt/archives"
			[ ! -d "$ARCHIVES" ] ||
			cp -r "$ARCHIVES/." "$1/var/cache/apt/archives/"' \
		--setup-hook="$initrd" \
		--customize-hook='cp "$1"/var/cache/apt/archives/*.deb \
			"$ARCHIVES_NEW/"' \
		"$suite" "$tarball_new" \
		${LUNATIK_MIRROR:+"$LUNATIK_MIRROR"} || return 1
	mv "$tarball_new" "$tarball"
	rm -rf "$LUNATIK_CACHE/archives"
	mv "$new" "$LUNATIK_CACHE/archives"
	find "$LUNATIK_CACHE" -maxdepth 1 -name 'base-*.tar.zst' \
		! -path "$tarball" -mtime +30 -delete
}

[ "$(id -u)" -eq 0 ] || as_root "$0" "$@"
hash=$(sha256sum "$0" | cut -c 1-12)
tarball=$LUNATIK_CACHE/base-$hash.tar.zst
tarball_new=$LUNATIK_CACHE/new-$hash.tar.zst
mkdir -p "$LUNATIK_CACHE"
exec 9>"$LUNATIK_CACHE/lock"
flock -n 9 || {
	say "waiting for another run that holds $LUNATIK_CACHE"
	flock 9
}
if ! fresh; then
	build || {
		[ -f "$tarball" ] ||
			die "no base system; is the network there?"
		say "going on with the base system of $(date -r "$tarball" +%F)"
	}
fi
printf '%s\n' "$tarball" >"$1"
