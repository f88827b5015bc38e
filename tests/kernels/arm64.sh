#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# arm64.sh BUILD_DIR: builds our modules for arm64 by Debian 12's cross compiler, against
# Debian's headers of Linux 6.1 for arm64, whose host programs are taken from those for
# amd64; a warning is a failure. Then boots Debian's kernel for arm64, with programs of
# arm64 that are unpacked and nothing more, and runs tests of the guest there: those of
# TESTS, or what takes neither modules of tests nor Linux on x86. As root, or by sudo.
#
# BUILD_DIR/arm64/build.log is what make said, kernel.log what the kernel did; the modules
# are in BUILD_DIR/arm64.
#
# needs: qemu-system-arm cpio
#
# shellcheck disable=SC2317 # it takes debian.sh, which may end a program, to do so
set -eu -o pipefail
. "$(dirname "$0")/../harness/lib.sh"
. "$HARNESS/debian.sh"
[ -d "${1-}" ] || die "usage: arm64.sh BUILD_DIR"
[ "$(id -u)" -eq 0 ] || as_root "$0" "$@"
out=$(cd "$1" && pwd)/arm64
root=$out/root
rm -rf --one-file-system "$out"
mkdir -p "$root"
trap 'rm -rf --one-file-system "$root"' EXIT
"$HARNESS/deps.sh" "$0"
"$TOP/debian/lua/stage.sh"

apt()
{
	alive "$out/apt.log" "apt-get $*" in_namespace bash "$HARNESS/rootfs.sh" --apt "$root" "$@"
}

bash "$HARNESS/base.sh" "$out/base"
say "unpacking the base system"
tar -C "$root" --exclude='./dev/*' -xf "$(cat "$out/base")"
cp -L /etc/resolv.conf "$root/etc/resolv.conf" || :
sources bookworm | sed 's/arch=amd64/arch=amd64,arm64/' >"$root/etc/apt/sources.list"
chroot "$root" dpkg --add-architecture arm64
apt update
apt install --no-install-recommends make gcc-12-aarch64-linux-gnu
headers=$(chroot "$root" apt-cache depends linux-headers-cloud-arm64:arm64 |
	sed -n 's/.*Depends: \(linux-headers-[^ :]*-cloud-arm64\).*/\1/p')
kernel=${headers#linux-headers-}
[ -n "$kernel" ] || die "the mirror has no linux-headers-cloud-arm64"
# what it depends on are programs for arm64: those of amd64 are here, of the same version
apt install --no-install-recommends "${headers%-cloud-arm64}-common" linux-kbuild-6.1:amd64
apt download -o APT::Sandbox::User=root "$headers:arm64"
mkdir "$out/deb"
mv "$root"/linux-headers-*_arm64.deb "$out/deb" 2>/dev/null || mv linux-headers-*_arm64.deb "$out/deb"
dpkg-deb -x "$out"/deb/*.deb "$out/deb"
cp -r "$out/deb/usr/src/$headers" "$root/usr/src"

mkdir "$root/opt/src"
cp -r "$TOP/src/." "$root/opt/src"
find "$root/opt/src" \( -name '*.o' -o -name '*.ko' -o -name '*.mod*' -o -name '.*.cmd' \) -delete
build()
{
	chroot "$root" make -C "/usr/src/$headers" -j"$(nproc)" ARCH=arm64 \
		CROSS_COMPILE=aarch64-linux-gnu- CC=aarch64-linux-gnu-gcc-12 M=/opt/src modules
}
say "building the modules for $kernel"
build >"$out/build.log" 2>&1 </dev/null || {
	tail -n 40 "$out/build.log" >&2
	die "the modules do not build for $kernel: $out/build.log"
}
find "$root/opt/src" -name '*.ko' -exec cp {} "$out" \;
! grep -iE 'warning|objtool:' "$out/build.log" || die "the build warns: $out/build.log"
modules=("$out"/*.ko)
say "${#modules[@]} modules for $kernel, $(file -b "${modules[0]}" | cut -d , -f 1,2), without a warning"

# --- and runs them

image=$out/image
mkdir "$image"
say "unpacking programs and a kernel for arm64"
mapfile -t lines < <(sources bookworm | sed 's/arch=amd64/arch=arm64/')
# a python3 of somebody's own would be started for each package
alive "$out/mmdebstrap.log" "programs for arm64" in_namespace env PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	mmdebstrap --mode=root --arch=arm64 --variant=extract \
	--include="linux-image-$kernel,bash,dash,coreutils,grep,sed,mawk,perl-base,kmod,util-linux,mount,procps,findutils,diffutils,lua5.4,tar" \
	bookworm "$image/root" "${lines[@]}"
arm=$image/root
for deb in "$(cd "$1" && pwd)"/lunatik-{tools,scripts,bindings-dkms}_*.deb; do
	dpkg-deb --fsys-tarfile "$deb" | tar -C "$arm" -x --keep-directory-symlink
done
# what installing would have made
[ -e "$arm/lib/modules/lua" ] || cp -r "$arm/usr/lib/modules/lua" "$arm/lib/modules/"
printf '%s\n' root:x:0:0::/root:/bin/sh nobody:x:65534:65534::/nonexistent:/bin/sh >"$arm/etc/passwd"
printf '%s\n' root:x:0: nogroup:x:65534: >"$arm/etc/group"
ln -sf mawk "$arm/usr/bin/awk"
ln -sf lua5.4 "$arm/usr/bin/lua"
mkdir -p "$arm/lib/modules/$kernel/updates/dkms" "$arm/opt" "$arm/root"
cp "$out"/*.ko "$arm/lib/modules/$kernel/updates/dkms"
depmod -b "$arm" "$kernel"
cp -r "$TOP/tests/guest" "$arm/opt/lunatik-tests"
cp "$HARNESS/ktap.sh" "$HARNESS/guest-run.sh" "$arm/opt/lunatik-tests"
cat >"$arm/opt/init" <<'X'
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C LUNATIK_SLOW=2
mkdir -p /proc /sys /dev /run /tmp /dev/shm
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
for i in 0 1 2; do
	link=$(sed -n "$((i + 1))p" <<-END
		stdin
		stdout
		stderr
	END
	)
	ln -sf /proc/self/fd/$i /dev/"$link"
done
ln -sf /proc/self/fd /dev/fd
# the console has what the tests say, the log stays in the kernel
dmesg -n 1
cd /opt/lunatik-tests || exit
# shellcheck disable=SC2046 # words
sh ./guest-run.sh $(cat .tests)
echo '@@kernel'
dmesg
echo '@@end'
echo o >/proc/sysrq-trigger
sleep 60
X
chmod +x "$arm/opt/init"
tests=()
for word in ${TESTS:-guest/20 guest/21 guest/22 guest/30 guest/40-rcu. guest/56 guest/61 guest/62 guest/64 guest/66 guest/67 guest/68}; do
	for file in "$TOP/tests/$word"*.sh; do
		tests+=("${file##*/}")
	done
done
echo "${tests[*]}" >"$arm/opt/lunatik-tests/.tests"
cp "$arm/boot/vmlinuz-$kernel" "$image/vmlinuz"
rm -rf "${arm:?}/boot" "$arm/usr/share/doc" "$arm/usr/share/locale" "$arm"/var/cache/apt/archives/*.deb
find "$arm/lib/modules/$kernel/kernel" -name '*.ko' -delete
(cd "$arm" && find . | cpio -o -H newc --quiet | gzip -1) >"$image/initrd.img"
say "booting it, for ${#tests[@]} test scripts"
timeout "${LUNATIK_BOOT_TIMEOUT:-3600}" qemu-system-aarch64 -machine virt -cpu cortex-a57 -accel tcg,thread=multi \
	-smp 2 -m 2G -nodefaults -no-user-config -display none -no-reboot \
	-kernel "$image/vmlinuz" -initrd "$image/initrd.img" \
	-append "console=ttyAMA0 rdinit=/opt/init panic=-1 oops=panic printk.devkmsg=on" \
	-serial stdio </dev/null | tr -d '\r' | tee "$out/output.log" | grep --line-buffered -vE '^\[' || :
rm -rf "$image"
sed -n '/^@@kernel/,$p' "$out/output.log" >"$out/kernel.log"
grep -q '^@@end' "$out/kernel.log" || die "the guest ended before its time: $out/output.log"
failed=$(grep -cE '^not ok' "$out/output.log") || :
passed=$(grep -cE '^ok' "$out/output.log") || :
skipped=$(grep -cE '^ok .* # SKIP' "$out/output.log") || :
"$HARNESS/klog.sh" "$out/kernel.log" || failed=$((failed + 1))
echo "$((passed - skipped)) passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
