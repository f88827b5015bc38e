#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# POST_INSTALL of DKMS: dependents.sh DKMS_TREE KERNEL ARCH NAME. NAME, lunatik
# or luarcu, was just installed for that kernel. Modules of others that were
# built against the one before it may be refused now, since symbols have other
# versions, so those whose conf has NAME among its BUILD_DEPENDS are built anew.
# DKMS up to 3.0 does not do this; later ones do with BUILD_DEPENDS_REBUILD, but
# not for a new Debian revision, and a module that does not build fails NAME with
# it.
#
# Such a module is left unbuilt here, and NAME is installed all the same.
set -u
tree=$1 kernel=$2 arch=$3 core=$4

# depends NAME/VERSION: what it depends on, if that which was installed is among it
depends()
{
	(
		set +u
		# the conf is bash, and uses what DKMS sets
		# shellcheck disable=SC2034
		dkms_tree=$tree kernelver=$kernel kernel_source_dir=/lib/modules/$kernel/build
		BUILD_DEPENDS=()
		# shellcheck disable=SC1090
		. "$tree/$1/source/dkms.conf" || exit
		[[ " ${BUILD_DEPENDS[*]} " = *" $core "* ]] && echo "${BUILD_DEPENDS[*]}"
	) 2>/dev/null
}

# waits NAME/VERSION: whether it depends on one that is still to be built
waits()
{
	local other

	for other in "${!stale[@]}"; do
		[[ " ${stale[$1]} " != *" ${other%/*} "* ]] || return 0
	done
	return 1
}

build()
{
	echo "Building $1 anew for $kernel, since $core was installed"
	dkms install -m "${1%/*}" -v "${1#*/}" -k "$kernel" -a "$arch" >/dev/null ||
		echo "Warning: $1 was not built; until 'dkms install $1 -k $kernel' works, it is missing" >&2
}

declare -A stale=()
all=()
for built in "$tree"/*/*/"$kernel/$arch/module"; do
	[ -d "$built" ] || continue
	name=${built#"$tree/"}
	name=${name%"/$kernel/$arch/module"}
	depended=$(depends "$name") || continue
	all+=("$name")
	[ ! "$tree/${name%/*}/kernel-$kernel-$arch" -ef "${built%/module}" ] ||
		stale[$name]=$depended
done
# all of them first: what DKMS finds stale it would build by itself
for name in "${all[@]}"; do
	dkms unbuild -m "${name%/*}" -v "${name#*/}" -k "$kernel" -a "$arch" >/dev/null
done
while [ ${#stale[@]} -gt 0 ]; do
	next=
	for name in "${!stale[@]}"; do
		next=$name
		waits "$name" || break
	done
	unset "stale[$next]"
	build "$next"
done
exit 0
