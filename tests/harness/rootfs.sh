#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# rootfs.sh BUILD_DIR: makes BUILD_DIR/image, what the guest boots, from the
# packages BUILD_DIR/*.deb. They are installed with apt in a fresh base system,
# where DKMS builds the modules for the guest's kernel. As root, or by sudo.
# For another LUNATIK_DEBIAN, see debian.sh, that is BUILD_DIR/LUNATIK_DEBIAN/image.
#
#   image/disk.img, vmlinuz, initrd.img   to boot; image/key says made of what
#   image/install.log                     what apt and DKMS said
#   image/dkms/*.log, image/dkms/status   each module's make.log, dkms status
#   image/thirdparty.log                  how somebody else's package was built
#   image/warnings                        lines of those logs that warn
#
# An image made of the same things is kept. Warnings do not fail this script:
# who calls it looks at image/warnings.
# For tests/upgrade: --apt ROOT ARGS... is apt-get in there, in a mount namespace of its
# own, --image ROOT IMAGE KERNEL makes a bootable image with that kernel.
#
# shellcheck disable=SC2317 # cleanup is called by name
set -eu
. "$(dirname "$0")/lib.sh"
. "$HARNESS/debian.sh"

# open_root ROOT: so that apt can work in there, by "${apt[@]}"; in a mount namespace
# of its own, so that the mounts end with it whatever happens
open_root()
{
	root=$1		# not local: the trap reads it at the end
	local node
	apt=(chroot "$root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C
		apt-get -y -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root
		-o Dpkg::Options::=--force-unsafe-io -o Acquire::Retries=3)

	trap 'umount "$root/dev" "$root/proc" 2>/dev/null || :' EXIT
	mount -t proc proc "$root/proc"
	mount -t tmpfs -o mode=755 tmpfs "$root/dev"
	mknod -m 666 "$root/dev/null" c 1 3
	mknod -m 666 "$root/dev/zero" c 1 5
	mknod -m 666 "$root/dev/full" c 1 7
	mknod -m 666 "$root/dev/random" c 1 8
	mknod -m 666 "$root/dev/urandom" c 1 9
	mknod -m 666 "$root/dev/tty" c 5 0
	for node in fd:fd stdin:fd/0 stdout:fd/1 stderr:fd/2; do
		ln -s "/proc/self/${node#*:}" "$root/dev/${node%%:*}"
	done
	mkdir -p "$root/dev/pts" "$root/dev/shm"

	# nothing is started in there
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod +x "$root/usr/sbin/policy-rc.d"
}

# install_packages ROOT
install_packages()
{
	open_root "$1"
	local debs=("$root"/opt/lunatik-debs/*.deb)
	debs=("${debs[@]#"$root"}")
	if ! "${apt[@]}" -s -qq install "${debs[@]}" >/dev/null 2>&1; then
		echo "not all dependencies are in the base system: apt-get update"
		cp -L /etc/resolv.conf "$root/etc/resolv.conf" || :
		"${apt[@]}" update
	fi
	"${apt[@]}" install --no-install-recommends "${debs[@]}"
	third_party "$root" install "$root" "${root%/*}/thirdparty"
	rm -f "$root/usr/sbin/policy-rc.d"
	mkdir -p "$root/var/lib/dkms"
	chroot "$root" dkms status >"$root/var/lib/dkms/harness-status"

	# modules of the tests, as somebody else would build them: against the
	# installed headers; in the guest it would take minutes
	local kernel dir name dkms=/var/lib/dkms symvers=
	kernel=$(guest_kernel "$root")
	for name in lunatik luarcu luabindings; do
		symvers="$symvers $dkms/$name/kernel-$kernel-x86_64/module/Module.symvers"
	done
	for dir in "$root"/opt/lunatik-modules/*/; do
		[ -d "$dir" ] || continue
		chroot "$root" make -C "/lib/modules/$kernel/build" \
			M="${dir#"$root"}" KBUILD_EXTRA_SYMBOLS="$symvers" modules
	done
}

# third_party ROOT ARGS...: thirdparty.sh; a test in the guest tells if it
# failed, and nothing is left of it for the other tests to see
third_party()
{
	local out=$1/opt/lunatik-thirdparty status=0
	shift

	mkdir -p "$out"
	[ ! -f "$out/failed" ] || return 0
	bash "$HARNESS/thirdparty.sh" "$@" >"$out/log" 2>&1 || status=$?
	cat "$out/log"
	[ "$status" -ne 0 ] || return 0
	mv "$out/log" "$out/failed"
	if [ "$1" = install ]; then
		chroot "$2" dpkg --purge password-dkms || :
		chroot "$2" dkms remove tables/1.0 --all || :
		rm -rf "$2/usr/src/tables-1.0"
	fi
}

# collect ROOT IMAGE: DKMS's logs and what they warn of
collect()
{
	local root=$1 image=$2 log name

	mkdir -p "$image/dkms"
	for log in "$root"/var/lib/dkms/*/*/*/*/log/make.log \
		   "$root"/var/lib/dkms/*/*/build/make.log; do
		[ -f "$log" ] || continue
		name=${log#"$root/var/lib/dkms/"}
		name=${name%/make.log}
		cp "$log" "$image/dkms/$(printf '%s' "${name%/log}" | tr / _).log"
	done
	cp "$root/var/lib/dkms/harness-status" "$image/dkms/status" 2>/dev/null || :
	# that pahole is another one than the kernel was built with is not our doing
	(cd "$image" && grep -niE 'warning|objtool:' dkms/*.log install.log |
		grep -v 'warning: pahole version differs') \
		>"$image/warnings" 2>/dev/null || :
}

# modules_built ROOT IMAGE KERNEL: every DKMS package is installed
modules_built()
{
	local root=$1 image=$2 kernel=$3 conf module built=0

	for conf in "$root"/usr/src/*/dkms.conf; do
		# not by /usr/src/lunatik, a link, a second time
		[ -f "$conf" ] || continue
		[ ! -L "${conf%/*}" ] || continue
		module=$(sed -n 's/^PACKAGE_NAME=//p; s/^PACKAGE_VERSION=//p' \
			"$conf" | tr -d "\"'" | paste -sd /)
		grep -q "^$module, $kernel, .*: installed" "$image/dkms/status" && {
			built=$((built + 1))
			continue
		}
		echo "DKMS did not install $module for $kernel; dkms status:" >&2
		sed 's/^/    /' "$image/dkms/status" >&2 || :
		return 1
	done
	say "DKMS built and installed $built module packages for $kernel"
}

show_failure()
{
	local image=$1 log

	for log in "$image"/dkms/*.log; do
		[ -f "$log" ] || continue
		printf '\n%s:\n' "$log"
		tail -n 60 "$log"
	done >&2
}

# make_image ROOT IMAGE KERNEL
make_image()
{
	local root=$1 image=$2 kernel=$3 size

	cp "$root/boot/vmlinuz-$kernel" "$image/vmlinuz"
	cp "$root/boot/initrd.img-$kernel" "$image/initrd.img"
	size=$(du -sm "$root" | cut -f 1)
	mke2fs -q -F -t ext4 -O ^has_journal -m 0 -i 8192 \
		-d "$root" "$image/disk.img" "$((size + size / 20 + 300))m" >/dev/null
}

# build_image BUILD IMAGE BASE
build_image()
{
	local build=$1 image=$2 base=$3 root kernel

	root=$WORK/root
	mkdir -p "$root/opt/lunatik-debs" "$root/opt/lunatik-tests"
	say "unpacking the base system"
	tar -C "$root" --exclude='./dev/*' -xf "$base"
	cp "$build"/*.deb "$root/opt/lunatik-debs/"
	cp "$HARNESS/guest-init.sh" "$root/opt/lunatik-init"
	cp -r "$modules" "$root/opt/lunatik-modules"
	"$HARNESS/examples.sh" "$root/opt/lunatik-modules/examples"
	echo lunatik >"$root/etc/hostname"
	kernel=$(guest_kernel "$root")

	third_party "$root" prepare "$build" "$WORK/thirdparty" \
		>"$image/thirdparty.log"
	if ! alive "$image/install.log" \
		"apt install of $(echo "$build"/*.deb | wc -w) packages, DKMS builds for $kernel" \
		in_namespace bash "$0" --install "$root"; then
		collect "$root" "$image"
		show_failure "$image"
		exit 1
	fi
	collect "$root" "$image"
	modules_built "$root" "$image" "$kernel" || {
		show_failure "$image"
		exit 1
	}
	say "making the disk image"
	make_image "$root" "$image" "$kernel"
}

# roomy DIR: it is in memory, with room for the work, and programs run there
roomy()
{
	local free memory

	free=$(df -k --output=avail "$1" 2>/dev/null | tail -n 1)
	memory=$(sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo)
	[ "$(stat -f -c %T "$1" 2>/dev/null)" = tmpfs ] &&
		[ "${free:-0}" -gt 2000000 ] && [ "${memory:-0}" -gt 4000000 ] &&
		case $(findmnt -n -o OPTIONS -T "$1") in *noexec*) false ;; esac
}

# capitals: cleanup may run while a function's locals hide the rest
cleanup()
{
	local status=$?

	if [ -n "${KEEP-}" ]; then
		say "kept: $WORK"
	else
		rm -rf --one-file-system "$WORK"
	fi
	# what failed is shown too, but without its key
	if [ -d "$IMAGE.new" ]; then
		rm -rf "$IMAGE"
		mv "$IMAGE.new" "$IMAGE"
	fi
	[ -z "${SUDO_UID-}" ] ||
		chown -R "$SUDO_UID:${SUDO_GID-}" "$IMAGE" 2>/dev/null || :
	exit "$status"
}

case ${1-} in
--install)
	install_packages "$2"
	exit
	;;
--apt)
	open_root "$2"
	"${apt[@]}" "${@:3}"
	rm -f "$root/usr/sbin/policy-rc.d"
	exit
	;;
--image)
	make_image "$2" "$3" "$4"
	exit
	;;
esac
[ -d "${1-}" ] || die "usage: rootfs.sh BUILD_DIR"
[ "$(id -u)" -eq 0 ] || as_root "$0" "$@"
build=$(cd "$1" && pwd)
modules=${LUNATIK_MODULES:-$TOP/tests/modules}
ls "$build"/*.deb >/dev/null 2>&1 || die "no packages in $build"
IMAGE=$build${debian:+/$debian}/image
mkdir -p "${IMAGE%/*}"
exec 8>"$build/.image.lock"
flock 8
# a fast place for the root filesystem; first what a killed run left there
shm=/dev/shm/lunatik-$(printf '%s' "$build" | sha256sum | cut -c 1-8)
rm -rf --one-file-system "$build"/work.* "$shm".*
if [ -z "${KEEP-}" ] && roomy /dev/shm; then
	WORK=$(mktemp -d "$shm.XXXXXX")
else
	WORK=$(mktemp -d "$build/work.XXXXXX")
fi
chmod 755 "$WORK"
trap cleanup EXIT

bash "$HARNESS/base.sh" "$WORK/base"
base=$(cat "$WORK/base")
key=$(
	{
		stat -c '%n %Y %s' "$base"
		cd "$build" && sha256sum ./*.deb
		cd "$HARNESS" && sha256sum rootfs.sh thirdparty.sh examples.sh guest-init.sh
		find "$modules" "$TOP/man" -type f -exec sha256sum {} +
	} | sha256sum | cut -d ' ' -f 1
)
if [ "$(cat "$IMAGE/key" 2>/dev/null)" = "$key" ]; then
	say "the packages are those of the last image: using it again"
	exit 0
fi
rm -rf "$IMAGE.new"
mkdir "$IMAGE.new"
build_image "$build" "$IMAGE.new" "$base"
echo "$key" >"$IMAGE.new/key"
