#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# upgrade.sh BUILD_DIR: what a machine goes through. The packages BUILD_DIR/*.deb are
# installed with apt in Debian 13 with Linux 6.12, which is booted, and scripts run; the
# kernel of its backports is installed, DKMS builds for it by itself, it is booted, and
# they run; the kernel of before goes, and what was built for it; in the end the
# packages are purged. Building is done in a chroot, natively. As root, or by sudo.
#
# Prints KTAP. Logs: BUILD_DIR/upgrade/logs.
#
#   LUNATIK_DEBIAN=6.1   from Debian 12's kernel to that of its backports, Linux 6.12.95,
#                        which does not live long in QEMU 7.2, with modules of ours or none
set -eu -o pipefail
. "$(dirname "$0")/../harness/lib.sh"
export LUNATIK_DEBIAN=${LUNATIK_DEBIAN:-6.12}
. "$HARNESS/debian.sh"
[ -d "${1-}" ] || die "usage: upgrade.sh BUILD_DIR"
[ "$(id -u)" -eq 0 ] || as_root "$0" "$@"
build=$(cd "$1" && pwd)
work=$build/upgrade
root=$work/root
logs=$work/logs
rm -rf --one-file-system "$work"
mkdir -p "$root" "$logs"
trap 'rm -rf --one-file-system "$root" "$work"/image*' EXIT
. "$HARNESS/ktap.sh"

# apt LOG ARGS...: in the root
apt()
{
	local log=$logs/$1
	shift
	alive "$log" "apt-get $*" in_namespace bash "$HARNESS/rootfs.sh" --apt "$root" "$@"
}

# ours: files of our packages' that are there, or were made by them
ours()
{
	(cd "$root" && find etc usr lib/modules var/lib/dkms -path etc/initramfs-tools -prune -o \
		-print | grep -E '/(lunatik|luarcu|luabindings)|/[^/]*lunatik[^/]*$|/luadrv\.ko|lib/modules/lua/?' | sort)
}

# boots KERNEL: scripts run in it
boots()
{
	local image=$work/image-$1 status=0

	mkdir -p "$image"
	bash "$HARNESS/rootfs.sh" --image "$root" "$image" "$1"
	bash "$HARNESS/boot.sh" "$image" "$logs/boot-$1" "$TOP/tests/upgrade/guest" \
		sh ./runs.sh "$1" >"$logs/boot-$1.log" 2>&1 || status=$?
	grep -aE '^(not )?ok ' "$logs/boot-$1.log" | sed 's/^/    # /'
	[ "$status" -eq 0 ] && "$HARNESS/klog.sh" "$logs/boot-$1/kernel.log"
}

# built KERNEL: DKMS has each of our packages' modules for it
built()
{
	local conf name

	chroot "$root" dkms status >"$logs/dkms-$1"
	for conf in "$root"/usr/src/*/dkms.conf; do
		[ ! -L "${conf%/*}" ] || continue
		name=$(sed -n 's/^PACKAGE_NAME="\(.*\)"/\1/p' "$conf")
		grep -qE "^$name/[^,]*, ${1//+/\\+}, x86_64: installed" "$logs/dkms-$1" || return
	done
}

bash "$HARNESS/base.sh" "$work/base"
say "unpacking the base system"
tar -C "$root" --exclude='./dev/*' -xf "$(cat "$work/base")"
mkdir -p "$root/opt/lunatik-debs" "$root/opt/lunatik-tests" "$root/opt/lunatik-thirdparty"
cp "$build"/*.deb "$root/opt/lunatik-debs/"
cp "$HARNESS/guest-init.sh" "$root/opt/lunatik-init"
cp -L /etc/resolv.conf "$root/etc/resolv.conf" || :
old=$(guest_kernel "$root")
set +e		# from here on what fails is counted
is "$(ours)" '' 'a machine without Lunatik'

debs=("$root"/opt/lunatik-debs/*.deb)
ok 'apt install of the packages' apt install install --no-install-recommends "${debs[@]#"$root"}"
ok "DKMS built for Linux $old" built "$old"
ok "Linux $old boots, and scripts run" boots "$old"

sources "$suite" "$suite-backports" >"$root/etc/apt/sources.list"
apt update update
ok 'the kernel is upgraded' apt kernel install --no-install-recommends -t "$suite-backports" \
	linux-image-cloud-amd64 linux-headers-cloud-amd64
new=$(cd "$root/lib/modules" && printf '%s\n' *-cloud-amd64 | grep -vx "$old")
isnt "$new" '' 'there is another'
ok "DKMS built for Linux $new by itself" built "$new"
ok "and not again for $old" built "$old"
like "$(cat "$logs/kernel")" 'dkms' 'apt tells of it'
is "$(grep -ciE 'warning:|objtool:' "$root"/var/lib/dkms/*/*/"$new"/x86_64/log/make.log | grep -cv ':0$')" 0 \
	'without a warning'
ok "Linux $new boots, and scripts run" boots "$new"

ok 'the kernel of before is removed' apt remove purge "linux-image-$old" "linux-headers-$old"
is "$(ls -d "$root/lib/modules/$old/updates" 2>/dev/null)" '' 'and with it what was built for it'
ok "what was built for $new stays" built "$new"

mapfile -t packages < <(for deb in "${debs[@]}"; do dpkg-deb -f "$deb" Package; done)
ok 'apt purge of the packages' apt purge purge "${packages[@]}"
is "$(ours)" '' 'nothing of them is left'
finish
