# SPDX-License-Identifier: MIT OR GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts of the harness share. They are bash; this file is sourced.
#
#   HARNESS_MARK  what progress lines begin with: '==>' for a person,
#                 '#' inside KTAP output

export LC_ALL=C.UTF-8
# an ordinary user of Debian has no sbin there
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
HARNESS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$HARNESS/../.." && pwd)
: "${HARNESS_MARK:===>}"
: "${HARNESS_START:=$(date +%s)}"
: "${LUNATIK_CACHE:=/var/cache/lunatik-build}"
export HARNESS_MARK HARNESS_START LUNATIK_CACHE TOP

# say TEXT...: a line of progress, with the seconds since the first one
say()
{
	printf '%s [%4d s] %s\n' "$HARNESS_MARK" \
		$(($(date +%s) - HARNESS_START)) "$*"
}

die()
{
	printf '%s: error: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# as_root SCRIPT ARGS...: runs the script again with root's rights
as_root()
{
	command -v sudo >/dev/null ||
		die "this needs root: run it as root, or install sudo"
	local pass=(PATH="$PATH") name
	for name in ${!LUNATIK_*} ${!HARNESS_*} KEEP http_proxy https_proxy; do
		[ -z "${!name-}" ] || pass+=("$name=${!name}")
	done
	exec sudo env "${pass[@]}" bash "$@"
}

# alive LOG TEXT COMMAND...: runs the command with its output in LOG, says
# every 20 seconds that it is still at it, shows the end of LOG on failure
alive()
{
	local log=$1 text=$2 ticker status=0
	shift 2
	say "$text"
	(
		while sleep 20 >/dev/null 2>&1; do
			say "  still at it: $(tail -n 1 "$log" | tr -d '\r' | cut -c 1-70)"
		done
	) 9>&- &
	ticker=$!
	"$@" >"$log" 2>&1 </dev/null || status=$?
	kill "$ticker" 2>/dev/null || :
	wait "$ticker" 2>/dev/null || :
	[ "$status" -eq 0 ] || {
		say "failed with status $status; the end of $log:" >&2
		tail -n 60 "$log" >&2
	}
	return "$status"
}

# in_namespace COMMAND...: what the command mounts ends with it. In a chroot /
# is no mount point and cannot be made private; there it must clean up itself.
in_namespace()
{
	if unshare --mount --propagation private true 2>/dev/null; then
		unshare --mount --propagation private "$@"
	else
		unshare --mount --propagation unchanged "$@"
	fi
}

# mirrors PATTERN: the first that matches of those of the system's apt
mirrors()
{
	# shellcheck disable=SC2016 # apt's variable
	apt-get indextargets --format '$(REPO_URI)' \
		'Created-By: Packages' 2>/dev/null | grep -E "$1" | head -n 1 || :
}

# sources SUITE...: lines for apt that have these suites, with their security updates,
# from the system's mirrors or LUNATIK_MIRROR. One that stands still has a signature of
# sid that is too old for apt; it is checked all the same.
sources()
{
	local name mirror security
	local trust='[arch=amd64 check-valid-until=no signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'

	mirror=${LUNATIK_MIRROR:-$(mirrors '^https?:.*/debian/?$')}
	security=$(mirrors '^https?:.*/debian-security/?$')
	for name; do
		echo "deb $trust ${mirror:-http://deb.debian.org/debian} $name main"
		case $name in
		sid | *-backports) ;;
		*) [ -z "$security" ] || echo "deb $trust $security $name-security main" ;;
		esac
	done
}
