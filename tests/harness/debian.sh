# SPDX-License-Identifier: MIT OR GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # for those who source it
#
# Which of Debian's kernels the guest has, by LUNATIK_DEBIAN; this file is sourced.
#
#   6.1            Debian 12, the default
#   5.10           Debian 11's, with its compiler; all else is Debian 12's
#   6.12           Debian 13
#   7.2            sid
#   7.3            Debian 13's backports
#   6.1-rt 6.12-rt the same with PREEMPT_RT
#
# It sets:
#
#   debian         LUNATIK_DEBIAN, and nothing if that is the default
#   suite          the packages are installed in
#   from           suite the kernel is from, if another one
#   flavour        of the kernel, which is named VERSION-FLAVOUR-amd64
#   release        of the kernel, where the packages that follow the newest one are
#                  not on the mirrors; it has to be raised by hand then

debian=${LUNATIK_DEBIAN-} from='' flavour=cloud release=''
case $debian in
'' | 6.1) debian='' suite=bookworm ;;
5.10) suite=bookworm from=bullseye release=5.10.0-46- ;;
6.1-rt) suite=bookworm flavour=rt ;;
6.12) suite=trixie ;;
6.12-rt) suite=trixie flavour=rt ;;
7.2) suite=sid ;;
7.3) suite=trixie from=trixie-backports ;;
*) die "LUNATIK_DEBIAN is none of 5.10, 6.1, 6.1-rt, 6.12, 6.12-rt, 7.2, 7.3: $debian" ;;
esac

# guest_kernel ROOT: the version of the kernel that is there
guest_kernel()
{
	local kernels=("$1"/lib/modules/*-"$flavour"-amd64)

	[ ${#kernels[@]} -eq 1 ] && [ -d "$1/lib/modules/${kernels[0]##*/}/kernel" ] ||
		die "expected one $flavour kernel in the base system: ${kernels[*]}"
	basename "${kernels[0]}"
}
