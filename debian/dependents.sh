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
# Such a module is left unbuilt here, and NAME is installed all the same. So is
# one that wants another that is not installed yet, as luarcu is not when both
# are upgraded: it is marked, for when that one's POST_INSTALL comes here.
set -u
tree=$1 kernel=$2 arch=$3 core=$4

# depends NAME/VERSION: prints what it depends on
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
		echo "${BUILD_DEPENDS[*]}"
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

# lacks NAME/VERSION: prints what it depends on that is not installed
lacks()
{
	local other

	for other in ${stale[$1]}; do
		[ "$other" = "$core" ] || [ -e "$tree/$other/kernel-$kernel-$arch" ] ||
			echo "$other"
	done
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
	depended=$(depends "$name") && [[ " $depended " = *" $core "* ]] || continue
	all+=("$name")
	[ ! "$tree/${name%/*}/kernel-$kernel-$arch" -ef "${built%/module}" ] ||
		stale[$name]=$depended
done
# and those that an earlier call has marked
mark=.waits-$kernel-$arch
for waiting in "$tree"/*/*/"$mark"; do
	[ -f "$waiting" ] || continue
	name=${waiting#"$tree/"}
	name=${name%"/$mark"}
	depended=$(depends "$name") || continue
	stale[$name]=$depended
	rm "$waiting"
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
	lacking=$(lacks "$next" | paste -sd ' ')
	unset "stale[$next]"
	if [ -n "$lacking" ]; then
		echo "$next is built for $kernel when that has $lacking"
		touch "$tree/$next/$mark"
	else
		build "$next"
	fi
done
exit 0
