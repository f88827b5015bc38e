#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# boot.sh [-t SECONDS] IMAGE LOGS FILES COMMAND...: boots IMAGE in QEMU and
# runs COMMAND there, in /opt/lunatik-tests, where the contents of the
# directory FILES are. What the guest prints appears as it comes.
#
#   LOGS/kernel.log   the kernel's messages
#   LOGS/output.log   what COMMAND printed
#   LOGS/result       'exit N' or 'timeout' or 'died'; then 'tainted N' if told
#
# The exit status is that of COMMAND; 124 when the time ran out (900 s unless
# said), 125 when the guest ended without a word. The image is not written to. It
# has disk.img, vmlinuz and, if the kernel needs it, initrd.img; or, in place of
# these two, linux, user-mode Linux, which runs without QEMU. What FILES has in
# .lib goes to /lib/modules, and what it has in .modules to /opt/lunatik-modules.
#
#   LUNATIK_GUEST_MEM=2G LUNATIK_GUEST_SMP=2
#   LUNATIK_GUEST_ARGS=...   more for the kernel's command line
#   LUNATIK_GUEST_OUT=FILE   becomes a disk of 256 MB, the third, to write to
#   LUNATIK_GUEST_SYSTEMD=UNIT   of FILES is started by systemd, which boots the guest,
#                            and may reboot it; COMMAND is not run
#   LUNATIK_GUEST_ICOUNT=1   one CPU whose clock counts instructions: 1 ns each; QEMU
set -eu -o pipefail
. "$(dirname "$0")/lib.sh"

seconds=900
if [ "${1-}" = -t ]; then
	seconds=$2
	shift 2
fi
[ $# -ge 4 ] || die "usage: boot.sh [-t SECONDS] IMAGE LOGS FILES COMMAND..."
image=$1 logs=$2 files=$3
shift 3
[ -f "$image/disk.img" ] || die "no image in $image"
mkdir -p "$logs"
rm -f "$logs/kernel.log" "$logs/output.log" "$logs/result"

# the second disk: the files, our part of the guest, the command
ours=$(mktemp -d)
trap 'rm -rf "$ours"' EXIT
cp "$HARNESS/ktap.sh" "$HARNESS/guest-run.sh" "$ours"
chmod +x "$ours/guest-run.sh"
printf '%q ' "$@" >"$ours/.command"
printf %s "${LUNATIK_GUEST_SYSTEMD-}" >"$ours/.systemd"
tar -C "$files" --owner=0 --group=0 -cf "$ours/files.tar" .
tar -C "$ours" --owner=0 --group=0 -rf "$ours/files.tar" \
	ktap.sh guest-run.sh .command .systemd

arguments="rootfstype=ext4 rw init=/opt/lunatik-init loglevel=7 printk.devkmsg=on
	panic=-1 oops=panic ${LUNATIK_GUEST_ARGS-}"
out=${LUNATIK_GUEST_OUT-}
[ -z "$out" ] || truncate -s 256M "$out"

# emulated: sets machine. An oops is a panic, and a panic ends QEMU.
emulated()
{
	local accel=tcg,thread=multi counted=()

	if grep -qE '^flags.* (vmx|svm) ' /proc/cpuinfo && [ -w /dev/kvm ]; then
		accel=kvm
	fi
	if [ -n "${LUNATIK_GUEST_ICOUNT-}" ]; then
		accel=tcg,thread=single
		LUNATIK_GUEST_SMP=1
		counted=(-icount "shift=0,sleep=off" -rtc "base=2026-01-01,clock=vm")
		arguments="$arguments nokaslr clocksource=tsc tsc=reliable"
	fi
	machine=(
		qemu-system-x86_64 -accel "$accel" -cpu max "${counted[@]}"
		-smp "${LUNATIK_GUEST_SMP:-2}" -m "${LUNATIK_GUEST_MEM:-2G}"
		-nodefaults -no-user-config -display none
		-kernel "$image/vmlinuz"
		-append "root=/dev/vda console=ttyS0 $arguments"
		-drive "file=$image/disk.img,if=virtio,format=raw,snapshot=on"
		-drive "file=$ours/files.tar,if=virtio,format=raw,readonly=on"
		-chardev "file,id=kernel,path=$logs/kernel.log" -serial chardev:kernel
		-chardev "stdio,id=output,signal=off" -serial chardev:output
	)
	[ -n "${LUNATIK_GUEST_SYSTEMD-}" ] || machine+=(-no-reboot)
	[ ! -f "$image/initrd.img" ] || machine+=(-initrd "$image/initrd.img")
	[ -z "$out" ] || machine+=(-drive "file=$out,if=virtio,format=raw")
}

# user_mode: sets machine. Its console is standard output, its serial line the
# descriptor 3, and several CPUs take Linux 6.19 or later.
user_mode()
{
	# shellcheck disable=SC2016,SC2054 # of the shell that is started; the kernel's
	machine=(
		sh -c 'log=$1; shift; exec "$@" 3>&1 >"$log" 2>&1' sh "$logs/kernel.log"
		"$image/linux" "mem=${LUNATIK_GUEST_MEM:-2G}" "uml_dir=$ours/uml"
		"ubd0=$ours/cow,$(readlink -f "$image/disk.img")" "ubd1r=$ours/files.tar"
		con0=null,fd:1 con=null ssl=null ssl1=null,fd:3 root=/dev/ubda
	)
	[ -z "$out" ] || machine+=("ubd2=$out")
	[ "${LUNATIK_GUEST_SMP:-1}" = 1 ] ||
		machine+=("ncpus=$LUNATIK_GUEST_SMP" "seccomp=on")
	# shellcheck disable=SC2206 # words, as on any command line
	machine+=($arguments)
}

if [ -x "$image/linux" ]; then
	user_mode
else
	emulated
fi
status=0
setpriv --pdeathsig TERM timeout --foreground -k 5 "$seconds" \
	setpriv --pdeathsig KILL "${machine[@]}" </dev/null |
	tee "$logs/output.log" || status=${PIPESTATUS[0]}

# last KEY: the value of the guest's last line '@@lunatik KEY value'
last()
{
	sed -n "s/.*@@lunatik $1 //p" "$logs/output.log" | tail -n 1
}

tainted=$(last tainted)
code=$(last exit)
case $status in
124 | 137)
	echo timeout
	code=124
	;;
*)
	if [ -n "$code" ]; then
		echo "exit $code"
	else
		echo died
		code=125
	fi
	;;
esac >"$logs/result"
[ -z "$tainted" ] || echo "tainted $tainted" >>"$logs/result"
exit "$code"
