#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# kernel.sh NAME ANSWER: builds the kernel NAME from Debian's linux-source, once,
# in $LUNATIK_CACHE/kernels, and writes the path of its build tree to the file
# ANSWER. The tree has the kernel, and what modules are built with. As root.
#
#   kasan     what tells of wrong memory accesses, locks, leaks; in QEMU
#   kcsan     what tells of data races; in QEMU
#   tree      with sources to add to, and Kconfig; in QEMU
#   uml       as kasan, but user-mode Linux, and with KCOV
#   uml-smp   user-mode Linux with more than one CPU, and nothing that slows it
#   uml-debian  Debian's user-mode Linux as it is: nothing but scripts is compiled
#
# And scripts: nothing but the kernel's scripts/, for tests/lint; unpacked, not built.
#
# The first build takes 5 to 20 minutes of one core, that of uml-debian half a
# minute. Nothing of the system's apt configuration is changed: lists and downloads
# are private ones in the cache.
#
#   LUNATIK_MIRROR   of Debian: what the system's apt has
#
# needs: bc bison flex libelf-dev libssl-dev
set -eu -o pipefail
. "$(dirname "$0")/../harness/lib.sh"

here=$TOP/tests/kernels
name=${1-}
part=	# of the source, if not all
ready=	# a package that has the kernel
suite=bookworm version=6.1 arch=x86_64 fragments=() patches=() whole=
case $name in
kasan) fragments=(x86 debug kasan) ;;
kcsan) fragments=(x86 debug kcsan) ;;
tree) fragments=(x86) whole=1 ;;
scripts) fragments=() part=scripts ;;
uml) arch=um fragments=(um um-debug) ;;
uml-smp)
	suite=sid version=7.2 arch=um
	fragments=(um um-smp) patches=("$here/um-irq.patch")
	;;
uml-debian) arch=um ready=user-mode-linux ;;
*) die "usage: kernel.sh kasan|kcsan|tree|uml|uml-smp|uml-debian ANSWER" ;;
esac
fragments=("${fragments[@]/#/$here/}")
fragments=("${fragments[@]/%/.config}")
package=linux-source-$version
export KBUILD_BUILD_USER=lunatik KBUILD_BUILD_HOST=lunatik
case $arch in
um) image=linux ;;
*) image=arch/x86/boot/bzImage ;;
esac
[ -z "$part" ] || image=scripts/checkpatch.pl

# An apt that knows this suite alone. Read after the system's apt.conf.d, so
# that proxies are kept and hooks of the system's updates are not run.
private_apt()
{
	local apt=$cache/apt-$suite options mirror security
	options='[arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
	mirror=${LUNATIK_MIRROR:-$(mirrors '^https?:.*/debian/?$')}
	mirror=${mirror:-http://deb.debian.org/debian}
	security=$(mirrors '^https?:.*/debian-security/?$')

	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
	: >"$apt/status"
	{
		echo "deb $options $mirror $suite main"
		[ "$suite" = sid ] || [ -z "$security" ] ||
			echo "deb $options $security $suite-security main"
	} >"$apt/sources.list"
	cat >"$apt/main.conf" <<-END
	#clear APT::Update::Pre-Invoke;
	#clear APT::Update::Post-Invoke;
	#clear APT::Update::Post-Invoke-Success;
	Dir::Etc::sourcelist "$apt/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	Dir::State "$apt/state";
	Dir::State::lists "$apt/state/lists";
	Dir::State::status "$apt/status";
	Dir::Cache "$apt/cache";
	Acquire::Retries "3";
	Acquire::Languages "none";
	APT::Sandbox::User "root";
	END
	echo "Dir::Etc::main \"$apt/main.conf\";" >"$apt/first.conf"
	export APT_CONFIG=$apt/first.conf
}

# get PACKAGE [VERSION]: into the archives, once for all kernels made of it; sets deb
get()
{
	local package=$1 version=${2:+=$2}

	mkdir -p "$cache/archives"
	deb=$(apt-get -q=2 download --print-uris "$package$version" | awk '{ print $2 }')
	[ -n "$deb" ] || {
		echo "$suite has no $package$version"
		return 1
	}
	if [ ! -f "$cache/archives/$deb" ]; then
		apt-get -qq download "$package$version"
		# an older one may be there for who asked for it
		[ -n "$version" ] ||
			find "$cache/archives" -name "${package}_*" -mtime +30 -delete
		mv "$deb" "$cache/archives"
	fi
	deb=$cache/archives/$deb
}

# download: the source and, where Debian has built it, the kernel
download()
{
	local deb made_of=

	private_apt
	apt-get -qq update || echo "apt-get update failed; is the network there?"
	if [ -n "$ready" ]; then
		get "$ready"
		dpkg-deb --extract "$deb" ready
		made_of=$(dpkg-deb --field "$deb" Built-Using |
			sed -n 's/.*\<linux (= \([^)]*\)).*/\1/p')
	fi
	get "$package" "$made_of"
	echo "$deb" >from
	dpkg-deb --fsys-tarfile "$deb" |
		tar -xO "./usr/src/$package.tar.xz" | tar -xJ --no-same-owner ${part:+"$package/$part"}
}

# An option that silently disappears is the usual trap.
check_config()
{
	local line option status=0

	while read -r line; do
		option=${line%%=*}
		case $line in
		*=n) ! grep -q "^$option=" .config ;;
		*) grep -Fqx "$line" .config ;;
		esac || {
			echo "the configuration did not take $line"
			status=1
		}
	done < <(
		# the last word on an option is meant
		awk -F= '/^CONFIG_/ { last[$1] = $0 } END { for (i in last) print last[i] }' \
			"${fragments[@]}"
	)
	return "$status"
}

build()
{
	local patch

	cd "$package"
	for patch in "${patches[@]}"; do
		patch -p1 --fuzz=0 <"$patch"
	done
	if [ -n "$ready" ]; then
		../ready/usr/bin/linux.uml --showconfig >.config
		nice make ARCH="$arch" -j"$(nproc)" modules_prepare
		mv ../ready/usr/bin/linux.uml "$image"
		slim
		return
	fi
	make ARCH="$arch" tinyconfig
	scripts/kconfig/merge_config.sh -m .config "${fragments[@]}"
	make ARCH="$arch" olddefconfig
	check_config
	nice make ARCH="$arch" -j"$(nproc)" "${image##*/}" modules
	[ -n "$whole" ] || slim
}

# slim: modules want headers, scripts and Module.symvers, and no objects
slim()
{
	mv "$image" .image
	find . -mindepth 1 -maxdepth 1 -type d ! -name arch ! -name include \
		! -name scripts ! -name tools -exec rm -rf {} +
	find tools -mindepth 1 -maxdepth 1 ! -name objtool -exec rm -rf {} +
	find arch -mindepth 1 -maxdepth 1 -type d ! -name um ! -name x86 \
		-exec rm -rf {} +
	find arch include -name '*.o' -delete
	rm -f vmlinux* .tmp_vmlinux*
	mkdir -p "$(dirname "$image")"
	mv .image "$image"
}

[ $# -ge 2 ] || die "usage: kernel.sh NAME ANSWER"
[ "$(id -u)" -eq 0 ] || as_root "$0" "$@"
hash=$({ declare -f build slim; cat "${patches[@]}" "${fragments[@]}"; } </dev/null |
	sha256sum | cut -c 1-12)
cache=$LUNATIK_CACHE/kernels
tree=$cache/$name-$version-$hash
new=$cache/new-$name
if [ "$2" = --build ]; then
	rm -rf "$new"
	mkdir -p "$new"
	cd "$new"
	download
	[ -n "$part" ] || build
	mv "$new/from" "$new/$package/.lunatik-from"
	mv "$new/$package" "$tree"
	exit
fi
mkdir -p "$cache"
exec 9>"$cache/lock-$name"
flock -n 9 || {
	say "waiting for another run that builds $name"
	flock 9
}
if [ ! -f "$tree/$image" ]; then
	[ -n "$part" ] || "$HARNESS/deps.sh" "$0"
	alive "$cache/$name.log" "building the kernel $name from Debian's $package" \
		bash "$0" "$name" --build ||
		die "no kernel; all of its output is in $cache/$name.log"
	rm -rf "$new"
	find "$cache" -mindepth 1 -maxdepth 1 -name "$name-[0-9]*" \
		! -path "$tree" -mtime +30 -exec rm -rf {} +
fi
printf '%s\n' "$tree" >"$2"
