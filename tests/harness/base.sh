#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# base.sh ANSWER: makes the base system of the guest, once a week, as one
# tarball in $LUNATIK_CACHE, or below for another LUNATIK_DEBIAN, see debian.sh,
# and writes its path to the file ANSWER. As root.
#
# The name of the tarball holds the hash of what is asked for here, so that is
# what is in there. The archives downloaded are kept beside it.
set -eu
. "$(dirname "$0")/lib.sh"
. "$HARNESS/debian.sh"

max_age_days=7
packages=(
	# what is tested on
	"linux-image-$flavour-amd64" "linux-headers-$flavour-amd64" initramfs-tools
	# what the packages depend on
	dkms kmod lua5.4
	# what the tests use
	man-db procps lua-readline systemd trace-cmd
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
# in the cloud flavour it is built in
# shellcheck disable=SC2016 # as above
[ "$flavour" = cloud ] ||
	initrd+='; echo ext4 >>"$1/etc/initramfs-tools/modules"'

# A kernel of another suite: it and its headers, and what only they want, are from
# there, all else is from the suite that the packages are installed in.
# shellcheck disable=SC2016 # as above
pin='mkdir -p "$1/etc/apt/preferences.d"
printf "Package: linux-image-* linux-headers-* linux-base*\nPin: release n=%s*\nPin-Priority: 1001\n" \
	"$FROM" >"$1/etc/apt/preferences.d/lunatik"'

# sources: apt's, one a line; none for the default, where mmdebstrap knows them
sources()
{
	local name mirror security
	local trust='[arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'

	if [ -z "$debian" ]; then
		echo "${LUNATIK_MIRROR-}"
		return
	fi
	mirror=${LUNATIK_MIRROR:-$(mirrors '^https?:.*/debian/?$')}
	security=$(mirrors '^https?:.*/debian-security/?$')
	for name in "$suite" ${from:+"$from"}; do
		echo "deb $trust ${mirror:-http://deb.debian.org/debian} $name main"
		case $name in
		sid | *-backports) ;;
		*) [ -z "$security" ] || echo "deb $trust $security $name-security main" ;;
		esac
	done
}

fresh()
{
	[ -f "$tarball" ] &&
		[ -z "$(find "$tarball" -mtime "+$((max_age_days - 1))")" ]
}

build()
{
	local new=$cache/new.$$ include lines
	mapfile -t lines < <(sources | grep .)
	include=$(IFS=,; echo "${packages[*]}")
	# shellcheck disable=SC2064 # the paths of now
	trap "rm -rf '$new' '$tarball_new'" EXIT
	rm -rf "$cache"/new[.-]*	# of a run that was killed
	mkdir -p "$new"
	export ARCHIVES=$cache/archives ARCHIVES_NEW=$new FROM=$from
	# a python3 of somebody's own would be started for each package
	# shellcheck disable=SC2016 # $1, the root, is for the hook's own shell
	alive "$cache/base.log" "building the guest's base system, $suite with Linux ${debian:-6.1}" \
		in_namespace env PATH=/usr/sbin:/usr/bin:/sbin:/bin mmdebstrap "${options[@]}" --include="$include" \
		--skip=download/empty --skip=essential/unlink \
		--setup-hook='mkdir -p "$1/var/cache/apt/archives"
			[ ! -d "$ARCHIVES" ] ||
			cp -r "$ARCHIVES/." "$1/var/cache/apt/archives/"' \
		--setup-hook="$initrd" ${from:+--setup-hook="$pin"} \
		--customize-hook='cp "$1"/var/cache/apt/archives/*.deb \
			"$ARCHIVES_NEW/"' \
		"$suite" "$tarball_new" "${lines[@]}" || return 1
	mv "$tarball_new" "$tarball"
	rm -rf "$cache/archives"
	mv "$new" "$cache/archives"
	find "$cache" -maxdepth 1 -name 'base-*.tar.zst' \
		! -path "$tarball" -mtime +30 -delete
}

[ "$(id -u)" -eq 0 ] || as_root "$0" "$@"
cache=$LUNATIK_CACHE${debian:+/debian-$debian}
hash=$(echo "$suite $from ${packages[*]} ${options[*]} $initrd${from:+ $pin}" |
	sha256sum | cut -c 1-12)
tarball=$cache/base-$hash.tar.zst
tarball_new=$cache/new-$hash.tar.zst
mkdir -p "$cache"
exec 9>"$cache/lock"
flock -n 9 || {
	say "waiting for another run that holds $cache"
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
