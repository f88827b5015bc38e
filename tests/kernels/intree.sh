#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# intree.sh NAME OUT: Lunatik in the tree of a kernel, as lunatik(7) says, in
# "A kernel with Lunatik in its tree": a copy of the kernel 'tree' of kernel.sh
# gets src/ as drivers/lunatik and is built again. As root.
#
#   builtin   CONFIG_LUNATIK=y
#   intree    CONFIG_LUNATIK=m
#
# needs: bc bison flex kmod libelf-dev libssl-dev rsync
#
#   OUT/linux       the copy; what changed in src/ is compiled again in it
#   OUT/tree        a link to it
#   OUT/build.log   what the build said; a warning is an error
set -eu -o pipefail
. "$(dirname "$0")/../harness/lib.sh"

[ $# -eq 2 ] || die "usage: intree.sh builtin|intree OUT"
name=$1 out=$2
case $name in
builtin) choice=y ;;
intree) choice=m ;;
*) die "no such kernel: $name" ;;
esac
[ "$(id -u)" -eq 0 ] || as_root "$0" "$name" "$out"
mkdir -p "$out"
out=$(cd "$out" && pwd)
linux=$out/linux
log=$out/build.log
export KBUILD_BUILD_USER=lunatik KBUILD_BUILD_HOST=lunatik

"$TOP/debian/lua/stage.sh"
bash "$TOP/tests/kernels/kernel.sh" tree "$out/answer"
tree=$(cat "$out/answer")
rm "$out/answer"

# objects too, with their times: little is compiled again
[ "$(cat "$out/of" 2>/dev/null)" = "$tree" ] || {
	say "copying $(basename "$tree")"
	rm -rf "$linux" "$out/of"
	cp -a --reflink=auto "$tree/." "$linux"
	# what is compiled for this machine knows its place, and all else depends on it
	find "$linux/tools" -name ".*.cmd" -exec sed -i "s,/[^ ]*/new-tree/linux-source-[0-9.]*,$linux,g" {} +
	printf '%s\n' "$tree" >"$out/of"
}

# what a person does by hand
mkdir -p "$linux/drivers/lunatik"
(cd "$TOP/src" && find . -type f ! -name '*.o' ! -name '*.ko' ! -name '*.mod*' \
	! -name '.*.cmd' ! -name '*.o.d' ! -name Module.symvers -print0) |
	rsync -a --no-times --checksum --from0 --files-from=- "$TOP/src" "$linux/drivers/lunatik"
grep -q lunatik "$linux/drivers/Kconfig" ||
	sed -i '/^endmenu/i source "drivers/lunatik/Kconfig"' "$linux/drivers/Kconfig"
# shellcheck disable=SC2016 # make's
grep -q lunatik "$linux/drivers/Makefile" ||
	echo 'obj-$(CONFIG_LUNATIK) += lunatik/' >>"$linux/drivers/Makefile"

cd "$linux"
build()
{
	scripts/config --set-val LUNATIK "$choice" --set-val LUNATIK_RCU "$choice" \
		--set-val LUNATIK_BINDINGS "$choice"
	make ARCH=x86_64 olddefconfig
	grep -x "CONFIG_LUNATIK=$choice" .config
	grep -x "CONFIG_LUNATIK_RCU=$choice" .config
	grep -x "CONFIG_LUNATIK_BINDINGS=$choice" .config
	nice make ARCH=x86_64 -j"$(nproc)" bzImage modules
}
alive "$log" "building $(basename "$tree") with CONFIG_LUNATIK=$choice" build ||
	die "the kernel with Lunatik in its tree does not build, see $log"
! grep -E '(warning|WARNING|objtool):' "$log" >&2 || die "warnings, see $log"
ln -sfn "$linux" "$out/tree"
