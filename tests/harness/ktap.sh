# SPDX-License-Identifier: MIT OR GPL-2.0-only
# shellcheck shell=sh
#
# KTAP for test scripts, on the host and in the guest; POSIX sh, sourced:
#
#	. "$KTAP"
#	plan 3				# optional: else 'finish' prints it
#	ok 'the module loads' modprobe luarcu
#	is "$(cat /sys/module/x/refcnt)" 0 'nobody holds it'
#	fails 'a bad script is refused' sh -c 'cat bad.lua > /dev/luadrv'
#	finish
#
# Each of the tests returns 0 when it passed and 1 when it failed, so a script
# under 'set -e' that wants to go on writes '|| :'. 'finish' exits.

# shellcheck disable=SC2034 # for the scripts that source this
KTAP_RUN=0
KTAP_FAILED=0
KTAP_PLAN=

echo "KTAP version 1"

# diag [TEXT...]: prints the text, or what comes on standard input, as comment
diag()
{
	if [ $# -gt 0 ]; then
		printf '%s\n' "$*"
	else
		cat
	fi | sed 's/^/# /'
}

# plan N: how many tests will come
plan()
{
	KTAP_PLAN=$1
	echo "1..$1"
}

pass()
{
	KTAP_RUN=$((KTAP_RUN + 1))
	printf 'ok %d - %s\n' "$KTAP_RUN" "$1"
}

# fail NAME: a failed test; its reasons follow, by diag
fail()
{
	KTAP_RUN=$((KTAP_RUN + 1))
	KTAP_FAILED=$((KTAP_FAILED + 1))
	printf 'not ok %d - %s\n' "$KTAP_RUN" "$1"
	return 1
}

# skip NAME REASON
skip()
{
	KTAP_RUN=$((KTAP_RUN + 1))
	printf 'ok %d - %s # SKIP %s\n' "$KTAP_RUN" "$1" "$2"
}

# ok NAME COMMAND...: passes when the command ends with status 0
ok()
{
	ktap_name=$1
	shift
	if ktap_out=$("$@" 2>&1); then
		pass "$ktap_name"
		return 0
	else
		ktap_status=$?
	fi
	fail "$ktap_name" || :
	diag "command: $*"
	diag "status:  got $ktap_status, wanted 0"
	printf '%s\n' "$ktap_out" | sed 's/^/output:  /' | diag
	return 1
}

# fails NAME COMMAND...: passes when the command ends with an error of its own
# (not for want of the command, not by a signal); its output is in $ktap_out
fails()
{
	ktap_name=$1
	shift
	if ktap_out=$("$@" 2>&1); then
		ktap_status=0
	else
		ktap_status=$?
	fi
	if [ "$ktap_status" -ge 1 ] && [ "$ktap_status" -lt 126 ]; then
		pass "$ktap_name"
		return 0
	fi
	fail "$ktap_name" || :
	diag "command: $*"
	diag "status:  got $ktap_status, wanted an error (1 to 125)"
	printf '%s\n' "$ktap_out" | sed 's/^/output:  /' | diag
	return 1
}

# is GOT WANT NAME: passes when the two are the same text
is()
{
	if [ "$1" = "$2" ]; then
		pass "$3"
		return 0
	fi
	fail "$3" || :
	printf '%s\n' "$1" | sed 's/^/got:    /' | diag
	printf '%s\n' "$2" | sed 's/^/wanted: /' | diag
	return 1
}

# isnt GOT OTHER NAME: passes when they differ
isnt()
{
	if [ "$1" != "$2" ]; then
		pass "$3"
		return 0
	fi
	fail "$3" || :
	printf '%s\n' "$1" | sed 's/^/got, wanted anything else: /' | diag
	return 1
}

# like TEXT PATTERN NAME: passes when a line matches the extended regexp
like()
{
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then
		pass "$3"
		return 0
	fi
	fail "$3" || :
	printf '%s\n' "$1" | sed 's/^/got:         /' | diag
	diag "wanted match: $2"
	return 1
}

# unlike TEXT PATTERN NAME: passes when no line matches
unlike()
{
	if ! printf '%s\n' "$1" | grep -Eq -e "$2"; then
		pass "$3"
		return 0
	fi
	fail "$3" || :
	printf '%s\n' "$1" | grep -E -e "$2" | sed 's/^/got:            /' | diag
	diag "wanted no match: $2"
	return 1
}

# finish: the plan when none was printed, and the exit status
finish()
{
	[ -n "$KTAP_PLAN" ] || plan "$KTAP_RUN"
	[ "$KTAP_FAILED" -eq 0 ] && [ "$KTAP_RUN" -eq "$KTAP_PLAN" ]
	exit
}
