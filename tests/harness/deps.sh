#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# deps.sh [SCRIPT...]: installs what building and testing need and this machine
# lacks: the tools of the harness, the build dependencies in debian/control, and
# what a host test, or a SCRIPT, asks for in a line '# needs: PACKAGE...'. Calls
# no apt when nothing is missing. As root, or through sudo.
set -eu
. "$(dirname "$0")/lib.sh"

scripts=("$@")
tools=(
	build-essential ca-certificates debhelper dh-dkms dpkg-dev
	fakeroot git patch xz-utils
	debian-archive-keyring mmdebstrap zstd
	e2fsprogs procps util-linux
	qemu-system-x86
)

missing_tools()
{
	local package status
	local wanted=("${tools[@]}")

	mapfile -t -O "${#wanted[@]}" wanted < <(
		sed -n 's/^# needs: *//p' "$TOP"/tests/host/*.sh "${scripts[@]}" \
			2>/dev/null |
			tr -s ' ' '\n' | sort -u
	)
	for package in "${wanted[@]}"; do
		status=$(dpkg-query -W -f '${db:Status-Status}' "$package" \
			2>/dev/null) || :
		[ "$status" = installed ] || printf '%s\n' "$package"
	done
}

builddeps_met()
{
	[ ! -f "$TOP/debian/control" ] ||
		(cd "$TOP" && dpkg-checkbuilddeps) >/dev/null 2>&1
}

# retry COMMAND...: three times, for a network that comes and goes
retry()
{
	local try
	for try in 1 2 3; do
		"$@" && return 0
		say "attempt $try of 3 failed: $*" >&2
		sleep $((try * 5))
	done
	return 1
}

get()
{
	DEBIAN_FRONTEND=noninteractive apt-get -y -q \
		-o Acquire::Retries=3 -o DPkg::Lock::Timeout=600 \
		-o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold \
		-o APT::Get::Always-Include-Phased-Updates=true "$@"
}

command -v apt-get >/dev/null ||
	die "this needs a Debian system: apt-get was not found"
[ "$(dpkg --print-architecture)" = amd64 ] ||
	die "the tests run on amd64 only, this is $(dpkg --print-architecture)"

mapfile -t missing < <(missing_tools)
if [ ${#missing[@]} -eq 0 ] && builddeps_met; then
	exit 0
fi
[ "$(id -u)" -eq 0 ] || as_root "$0" "$@"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
alive "$log" "apt-get update" retry get update
[ ${#missing[@]} -eq 0 ] ||
	alive "$log" "apt-get install ${missing[*]}" \
		retry get install --no-install-recommends "${missing[@]}"
builddeps_met ||
	alive "$log" "apt-get build-dep: what debian/control asks for" \
		retry get build-dep --no-install-recommends "$TOP"

mapfile -t missing < <(missing_tools)
[ ${#missing[@]} -eq 0 ] || die "still missing: ${missing[*]}"
builddeps_met || (cd "$TOP" && dpkg-checkbuilddeps)
say "everything needed is installed"
