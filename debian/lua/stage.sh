#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# Stages Debian's Lua 5.4 for the kernel modules.
#
#   stage.sh            get, check and unpack it: lua/, lua-debian/, src/lua/
#   stage.sh generate   only make src/lua/ from lua/ and lua-debian/ (offline)
#   stage.sh tarballs   get and check the two tarballs, print their paths
#   stage.sh record     write the newest version of the suite into the record
#
# LUNATIK_LUA_SUITE names another suite than the one this machine runs,
# LUNATIK_CACHE another place for what is downloaded.
#
# Nothing of the system's apt configuration is changed: the source entries,
# the lists and the downloads are private ones under the cache.

set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
record=$top/debian/lua/versions

if [ -n "${LUNATIK_CACHE:-}" ]; then
	cache=$LUNATIK_CACHE
elif [ "$(id -u)" -eq 0 ]; then
	cache=/var/cache/lunatik-build
else
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/lunatik-build
fi
cache=$cache/lua

work=
trap 'if [ -n "$work" ]; then rm -rf "$work"; fi' EXIT
trap 'exit 130' INT TERM HUP

say() {
	printf 'lua: %s\n' "$*" >&2
}

die() {
	say "error: $*"
	exit 1
}

need() {
	for tool; do
		command -v "$tool" >/dev/null ||
			die "$tool is not installed; 'make deps' installs what is missing"
	done
}

# One line per source the system's apt knows: release, address, component.
system_sources() {
	apt-get indextargets \
		--format '$(RELEASE) $(REPO_URI) $(COMPONENT)' \
		'Created-By: Packages' 2>/dev/null |
		awk '$3 == "main" && $2 ~ /^https?:/' | sort -u
}

set_suite() {
	suite=${LUNATIK_LUA_SUITE:-}
	[ -z "$suite" ] || return 0
	id=$(. /etc/os-release && echo "${ID:-}")
	[ "$id" = debian ] ||
		die "this machine does not run Debian: name a suite in LUNATIK_LUA_SUITE"
	suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")
	# sid calls itself by the name of the next release
	if system_sources | grep -Eq '^(sid|unstable) ' &&
	   ! system_sources | grep -q "^$suite "; then
		suite=sid
	fi
}

# The record's line of this suite: version and the two checksums.
set_version() {
	set_suite
	line=$(awk -v s="$suite" '$1 == s { print $2, $3, $4 }' "$record")
	[ -n "$line" ] || die "no version of lua5.4 is recorded for $suite in" \
		"debian/lua/versions; to add the one that Debian has now," \
		"run 'debian/lua/stage.sh record', read what it changed and commit it"
	read -r version orig_sum debian_sum <<-END
	$line
	END
	set_names
}

set_names() {
	orig=$cache/lua5.4_${version%-*}.orig.tar.gz
	debian=$cache/lua5.4_$version.debian.tar.xz
}

cached() {
	[ -f "$orig" ] && [ -f "$debian" ] &&
		printf '%s  %s\n' "$orig_sum" "$orig" "$debian_sum" "$debian" |
		sha256sum --check --status
}

private_apt() {
	need apt-get apt-cache
	apt=$cache/apt-$suite
	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"

	sources=$(system_sources)
	mirror=$(echo "$sources" | awk -v s="$suite" '$1 == s { print $2; exit }')
	[ -n "$mirror" ] ||
		mirror=$(echo "$sources" | awk '$2 ~ /\/debian\/?$/ { print $2; exit }')
	security=$(echo "$sources" |
		awk -v s="$suite-security" '$1 == s { print $2; exit }')
	mirror=${mirror:-http://deb.debian.org/debian}
	security=${security:-http://deb.debian.org/debian-security}

	key=
	if [ -f /usr/share/keyrings/debian-archive-keyring.gpg ]; then
		key='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] '
	fi
	{
		echo "deb-src $key$mirror $suite main"
		case $suite in
		sid | unstable | experimental) ;;
		*) echo "deb-src $key$security $suite-security main" ;;
		esac
	} >"$apt/sources.list"

	# Read after the system's apt.conf.d, so that proxies are kept
	# and hooks of the system's updates are not run.
	{
		if [ -f /etc/apt/apt.conf ]; then
			echo '#include "/etc/apt/apt.conf";'
		fi
		cat <<-END
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		Dir::Etc::sourcelist "$apt/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::State "$apt/state";
		Dir::State::lists "$apt/state/lists";
		Dir::State::status "/var/lib/dpkg/status";
		Dir::Cache "$apt/cache";
		Acquire::Retries "1";
		Acquire::Languages "none";
		END
		if [ "$(id -u)" -eq 0 ]; then
			echo 'APT::Sandbox::User "root";'
		fi
		# a mirror that stands still has an old signature of sid, which is
		# checked all the same
		case $suite in
		sid | unstable) echo 'Acquire::Check-Valid-Until "false";' ;;
		esac
	} >"$apt/main.conf"
	echo "Dir::Etc::main \"$apt/main.conf\";" >"$apt/first.conf"
	APT_CONFIG=$apt/first.conf
	export APT_CONFIG
}

update() {
	apt-get update -qq >"$apt/log" 2>&1 || true
	offered=$(apt-cache showsrc --only-source lua5.4 2>>"$apt/log" |
		sed -n 's/^Version: //p' | sort -u)
	newest=
	for v in $offered; do
		if [ -z "$newest" ] || dpkg --compare-versions "$v" gt "$newest"; then
			newest=$v
		fi
	done
	[ -n "$newest" ]
}

# Asks for $1 (or the newest version) and leaves the files in $work.
download() {
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/partial.XXXXXX")
	private_apt
	for pause in 3 10 30 0; do
		say "getting Debian's lua5.4 for $suite from $mirror"
		if update; then
			want=${1:-$newest}
			echo "$offered" | grep -Fqx "$want" || die "$suite no longer" \
				"has lua5.4 $want, but $newest, which has no recorded" \
				"checksum; run 'debian/lua/stage.sh record', read what" \
				"it changed and commit it"
			if (cd "$work" && apt-get source -qq --download-only \
				--only-source "lua5.4=$want") >>"$apt/log" 2>&1; then
				return 0
			fi
		fi
		[ "$pause" -ne 0 ] || break
		say "that failed; again in $pause seconds"
		sleep "$pause"
	done
	tail -n 5 "$apt/log" >&2
	die "the download failed; the archive's answer is above"
}

sum() {
	sha256sum "$1" | cut -d ' ' -f 1
}

fetch() {
	need sha256sum
	set_version
	! cached || return 0
	download "$version"
	for pair in "$orig:$orig_sum" "$debian:$debian_sum"; do
		file=$work/$(basename "${pair%:*}")
		[ -f "$file" ] || die "the archive did not send $(basename "$file")"
		[ "$(sum "$file")" = "${pair##*:}" ] || die \
			"$(basename "$file") has the checksum $(sum "$file")," \
			"recorded is ${pair##*:}: not used"
		mv "$file" "${pair%:*}"
	done
	rm -rf "$work"
	work=
	if dpkg --compare-versions "$newest" gt "$version"; then
		say "note: $suite has $newest, newer than the recorded $version;" \
			"'debian/lua/stage.sh record' takes it up"
	fi
}

# The *.c and *.h of Lua with Debian's patches, made aside and then renamed.
generate() {
	need patch
	if [ ! -f "$top/lua/src/lua.h" ] ||
	   [ ! -f "$top/lua-debian/patches/series" ]; then
		die "lua/ and lua-debian/ are not there: 'make lua' gets them"
	fi
	work=$(mktemp -d "$top/src/.lua.XXXXXX")
	chmod 755 "$work"
	cp -R "$top/lua" "$work/tree"
	sed 's/#.*//' "$top/lua-debian/patches/series" |
	while read -r name _; do
		[ -n "$name" ] || continue
		patch -d "$work/tree" -p1 --fuzz=0 --silent \
			--no-backup-if-mismatch \
			<"$top/lua-debian/patches/$name" ||
			die "Debian's patch $name does not apply"
	done
	mkdir "$work/out"
	cp "$work"/tree/src/*.[ch] "$work/out"
	sed -n '1s/.*(\(.*\)).*/\1/p' "$top/lua-debian/changelog" \
		>"$work/out/.staged"
	rm -rf "$top/src/lua"
	mv "$work/out" "$top/src/lua"
	rm -rf "$work"
	work=
}

staged() {
	[ -d "$top/lua" ] && [ -d "$top/lua-debian" ] &&
		[ "$(cat "$top/src/lua/.staged" 2>/dev/null)" = "$version" ]
}

unpack() {
	need tar xz
	work=$(mktemp -d "$top/.lua.XXXXXX")
	mkdir "$work/lua" "$work/lua-debian"
	tar -xf "$orig" -C "$work/lua" --strip-components=1 --no-same-owner
	tar -xf "$debian" -C "$work/lua-debian" --strip-components=1 --no-same-owner
	rm -rf "$top/src/lua" "$top/lua" "$top/lua-debian"
	mv "$work/lua" "$work/lua-debian" "$top"
	rm -rf "$work"
	work=
}

stage() {
	set_version
	if staged; then
		say "$version is staged in src/lua"
		return 0
	fi
	fetch
	unpack
	generate
	staged || die "src/lua says $(cat "$top/src/lua/.staged"), not $version"
	say "$version staged in src/lua, with Debian's patches"
}

record() {
	set_suite
	download ''
	version=$newest
	set_names
	o=$work/$(basename "$orig")
	d=$work/$(basename "$debian")
	[ -f "$o" ] && [ -f "$d" ] ||
		die "lua5.4 $version comes in other files than expected: $(ls "$work")"
	{
		awk -v s="$suite" '$1 != s' "$record"
		echo "$suite $version $(sum "$o") $(sum "$d")"
	} >"$work/versions"
	mv "$o" "$d" "$cache"
	cat "$work/versions" >"$record"
	say "recorded $version for $suite in debian/lua/versions"
}

case ${1:-stage} in
stage) stage ;;
generate) generate ;;
tarballs)
	fetch
	printf '%s\n' "$orig" "$debian"
	;;
record) record ;;
*) die "unknown command '$1'" ;;
esac
