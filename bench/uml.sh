#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# uml.sh ANSWER: builds user-mode Linux with SMP from Debian's linux-source of
# sid, with the patches in kernels/, once, in $LUNATIK_CACHE, and writes the path
# of its build tree to the file ANSWER. The tree has the program 'linux' and what
# modules are built with. About 15 minutes of one core the first time. As root.
#
# Nothing of the system's apt configuration is changed: the source entry, the
# lists and the downloads are private ones under the cache.
#
#   LUNATIK_BENCH_KERNEL=7.2   the version in the name of the package
#   LUNATIK_MIRROR             of Debian: what the system's apt has
set -eu -o pipefail
. "$(dirname "$0")/../tests/harness/lib.sh"

version=${LUNATIK_BENCH_KERNEL:-7.2}
package=linux-source-$version
here=$(cd "$(dirname "$0")" && pwd)
patches=("$here/kernels/um-irq.patch")
fragments=("$here/kernels/um-base.config" "$here/kernels/um-smp.config")
export KBUILD_BUILD_USER=lunatik KBUILD_BUILD_HOST=bench

mirror()
{
	local found

	# shellcheck disable=SC2016 # apt's variable
	found=$(apt-get indextargets --format '$(REPO_URI)' \
		'Created-By: Packages' 2>/dev/null |
		grep -E '^https?:.*/debian/?$' | head -n 1) || :
	printf '%s\n' "${LUNATIK_MIRROR:-${found:-http://deb.debian.org/debian}}"
}

# An apt that knows sid alone. Read after the system's apt.conf.d, so that
# proxies are kept and hooks of the system's updates are not run.
private_apt()
{
	local apt=$cache/apt

	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
	: >"$apt/status"
	echo "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
		"$(mirror) sid main" >"$apt/sources.list"
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

download()
{
	private_apt
	apt-get -qq update
	apt-get -qq download "$package" || {
		echo "sid has no $package; LUNATIK_BENCH_KERNEL names another version"
		exit 1
	}
}

# An option that silently disappears is the usual trap.
check_config()
{
	local line name status=0

	while read -r line; do
		name=${line%%=*}
		case $line in
		*=n) ! grep -q "^$name=" .config ;;
		*) grep -Fqx "$line" .config ;;
		esac || {
			echo "the configuration did not take $line"
			status=1
		}
	done < <(sed '/^CONFIG_/!d' "${fragments[@]}")
	return "$status"
}

build()
{
	local patch

	dpkg-deb --fsys-tarfile "$package"_*.deb |
		tar -xO "./usr/src/$package.tar.xz" | tar -xJ --no-same-owner
	rm "$package"_*.deb
	cd "$package"
	for patch in "${patches[@]}"; do
		patch -p1 --fuzz=0 <"$patch"
	done
	make ARCH=um tinyconfig
	scripts/kconfig/merge_config.sh -m .config "${fragments[@]}"
	make ARCH=um olddefconfig
	check_config
	nice make ARCH=um -j"$(nproc)" linux modules
	# modules want headers, scripts and Module.symvers, and no objects
	find . -mindepth 1 -maxdepth 1 -type d ! -name arch ! -name include \
		! -name scripts -exec rm -rf {} +
	rm -f vmlinux* .tmp_vmlinux*
	find arch -mindepth 1 -maxdepth 1 -type d ! -name um ! -name x86 \
		-exec rm -rf {} +
}

[ "$(id -u)" -eq 0 ] || as_root "$0" "$@"
hash=$({ declare -f build; cat "${patches[@]}" "${fragments[@]}"; } | sha256sum | cut -c 1-12)
cache=$LUNATIK_CACHE/uml
tree=$cache/$version-$hash
new=$cache/new
if [ "${1-}" = --build ]; then
	rm -rf "$new"
	mkdir -p "$new"
	cd "$new"
	download
	build
	mv "$new/$package" "$tree"
	exit
fi
mkdir -p "$cache"
exec 9>"$cache/lock"
flock -n 9 || {
	say "waiting for another run that holds $cache"
	flock 9
}
if [ ! -x "$tree/linux" ]; then
	alive "$cache/log" "building user-mode Linux from Debian's $package" \
		bash "$0" --build || die "no kernel; all of its output is in $cache/log"
	rm -rf "$new"
	find "$cache" -mindepth 1 -maxdepth 1 -name '[0-9]*' ! -path "$tree" \
		-mtime +30 -exec rm -rf {} +
fi
printf '%s\n' "$tree" >"$1"
