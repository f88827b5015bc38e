#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# modules.sh NAME OUT [VARIABLE=VALUE...]: builds our modules and those of the
# tests for the kernel NAME of kernel.sh, out of its tree, and checks that
# nothing warns; or those of the tests for a kernel of intree.sh, which has ours.
# As root. The variables are for make; what a kernel has for wrong memory
# accesses, undefined behaviour and races is asked for here, GCOV_PROFILE=y counts
# what runs of our modules alone.
#
# needs: bc bison flex kmod libelf-dev libssl-dev rsync
#
#   LUNATIK_QUICK=1   the modules of the tests are not built
#
#   OUT/tree        a link to the kernel's build tree
#   OUT/src         sources, objects and modules
#   OUT/modules     those of tests/modules, and of the documents
#   OUT/faults      tests/kernels/faults
#   OUT/lib/VERSION what goes to /lib/modules there, depmod has seen it
set -eu -o pipefail
. "$(dirname "$0")/../harness/lib.sh"

[ $# -ge 2 ] || die "usage: modules.sh NAME OUT [VARIABLE=VALUE...]"
name=$1 out=$2
shift 2
[ "$(id -u)" -eq 0 ] || as_root "$0" "$name" "$out" "$@"
arch=x86_64
[ "${name#uml}" = "$name" ] || arch=um

# compile DIR VARIABLE=VALUE...: a warning is an error
compile()
{
	local log=$1/build.log

	make -C "$tree" -j"$(nproc)" ARCH="$arch" M="$1" "${@:2}" modules >"$log" 2>&1 || {
		cat "$log" >&2
		die "the modules in $1 do not build for the kernel $name"
	}
	! grep -E '(warning|WARNING):' "$log" | grep -v "${expected:-^$}" >&2 ||
		die "warnings, see $log"
}

"$HARNESS/deps.sh" "$0"
mkdir -p "$out"
out=$(cd "$out" && pwd)
case $name in
builtin | intree)
	bash "$TOP/tests/kernels/intree.sh" "$name" "$out"
	tree=$(readlink -f "$out/tree")
	;;
*)
	"$TOP/debian/lua/stage.sh"
	bash "$TOP/tests/kernels/kernel.sh" "$name" "$out/answer"
	tree=$(cat "$out/answer")
	rm "$out/answer"
	ln -sfn "$tree" "$out/tree"
	;;
esac
counted=()
for variable; do
	shift
	case $variable in
	GCOV_PROFILE=*) counted+=("$variable") ;;
	*) set -- "$@" "$variable" ;;
	esac
done
set -- UBSAN_SANITIZE=y KCOV_INSTRUMENT=y "$@"
expected=
[ -f "$tree/Module.symvers" ] || {
	# Debian's user-mode Linux tells only when they are loaded; as it is configured
	# a frame of a test may be no larger than half of what it may elsewhere
	expected='^WARNING: \(modpost\|Symbol version dump\|Module.symvers\)\|larger than 1024 bytes'
	set -- KBUILD_MODPOST_WARN=1 "$@"
}

say "building the modules for $(basename "$tree")"
mkdir -p "$out/src" "$out/modules" "$out/faults"
# copies, so that the tree's own objects, of another kernel, stay; only what
# changed is compiled again, and has the time of now
copy()
{
	(cd "$1" && find . -type f ! -name '*.o' ! -name '*.ko' ! -name '*.mod*' \
		! -name '.*.cmd' ! -name '*.o.d' -print0) |
		rsync -a --no-times --checksum --from0 --files-from=- "$1" "$2"
}
copy "$TOP/src" "$out/src"
flags="$tree $* ${counted[*]}"
printf '%s\n' "$flags" | cmp -s - "$out/flags" || {
	find "$out/src" "$out/modules" "$out/faults" -name '*.o' -delete
	printf '%s\n' "$flags" >"$out/flags"
}
ours=("KBUILD_EXTRA_SYMBOLS=$out/src/Module.symvers")
case $name in
builtin | intree) ours=() ;;	# the kernel's own file has them
*) compile "$out/src" "$@" "${counted[@]}" ;;
esac
modules_of_tests()
{
	local dir option header

	copy "$TOP/tests/modules" "$out/modules"
	rm -rf "$out/modules/examples"
	"$TOP/tests/harness/examples.sh" "$out/modules/examples"
	# without those that the kernel has no subsystem for
	while read -r option header; do
		grep -q "^CONFIG_$option=y" "$tree/.config" || {
			grep -l "^#include <linux/$header" "$out"/modules/examples/*.c || :
		} | sed 's,.*/\(.*\)\.c,/\1\\.o$/d,' |
			sed -i -f - "$out/modules/examples/Kbuild"
	done <<-'END'
		NET ip.h
		NET netdevice.h
		NET skbuff.h
		NETFILTER netfilter
		KPROBES kprobes.h
	END
	for dir in "$out"/modules/*/; do
		# as in src/Kbuild
		# shellcheck disable=SC2016 # make's
		sed -i '1a CFLAGS_KASAN := $(subst stack=1,stack=0,$(CFLAGS_KASAN))' "$dir/Kbuild"
		compile "${dir%/}" KCFLAGS="-I$out/src/include" "${ours[@]}" "$@"
	done
}
[ -n "${LUNATIK_QUICK-}" ] || modules_of_tests "$@"
copy "$TOP/tests/kernels/faults" "$out/faults"
compile "$out/faults" "$@"

version=$(cat "$tree/include/config/kernel.release")
lib=$out/lib/$version
rm -rf "${out:?}/lib"
mkdir -p "$out/depmod/lib" "$lib"
ln -sfn "$out/lib" "$out/depmod/lib/modules"
case $name in
builtin | intree)
	# not signed: to load a signed one fails with ENOENT in this kernel
	make -C "$tree" ARCH="$arch" INSTALL_MOD_PATH="$out/depmod" CONFIG_MODULE_SIG_ALL= \
		modules_install >/dev/null
	rm -f "$lib/build" "$lib/source"
	;;
*)
	mkdir -p "$lib/updates/dkms"
	cp "$out"/src/{lunatik,luadrv}.ko "$out"/src/{rcu,bindings}/*.ko "$lib/updates/dkms"
	touch "$lib"/modules.{builtin,builtin.modinfo,order}
	cp "$tree"/modules.builtin* "$tree/modules.order" "$lib" 2>/dev/null || :
	;;
esac
depmod -b "$out/depmod" "$version"
