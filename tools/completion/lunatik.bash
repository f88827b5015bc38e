# SPDX-License-Identifier: MIT OR GPL-2.0-only
# shellcheck shell=bash
# Completion of lunatik(8) for bash.

# the scripts below a directory, without their ending
_lunatik_scripts()
{
	find -L "$1" -name '*.lua' -printf '%P\n' 2>/dev/null | sed 's/\.lua$//'
}

_lunatik()
{
	COMPREPLY=()
	local word=${COMP_WORDS[COMP_CWORD]} command='' i words='' given=0
	local scripts=/lib/modules/lua

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		*)
			[ -z "$command" ] || given=$((given + 1))
			command=${command:-${COMP_WORDS[i]}}
			;;
		esac
	done
	case $command,$word in
	run,-* | spawn,-*) words='--memory= --time= --traceback' ;;
	list,-* | status,-*) words='--json --traceback' ;;
	,-*) words='--help --version --traceback' ;;
	*,-*) words=--traceback ;;
	,*) words='run spawn stop list status check load unload reload test' ;;
	run,* | spawn,*)
		words=$(_lunatik_scripts $scripts)
		[ "$given" -eq 0 ] || words='process softirq hardirq'
		;;
	stop,*) words=$(lunatik list 2>/dev/null) ;;
	test,*) words=$(_lunatik_scripts $scripts/tests) ;;
	check,*)
		words=$(compgen -f -X '!*.lua' -- "$word"; compgen -d -S / -- "$word")
		[ -z "$words" ] || mapfile -t COMPREPLY <<<"$words"
		compopt -o filenames -o nospace 2>/dev/null
		return
		;;
	esac
	# without /dev/fd, which a minimal system may not have
	words=$(compgen -W "$words" -- "$word") || return 0
	mapfile -t COMPREPLY <<<"$words"
	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
}

complete -F _lunatik lunatik
