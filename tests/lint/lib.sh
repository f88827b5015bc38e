# SPDX-License-Identifier: MIT OR GPL-2.0-only
# shellcheck shell=bash
#
# What the tests in here share; sourced in $TOP. Those that are quick are tests on
# the host as well, by links in tests/host. What a tool finds is mended, or
# answered in the file answers, with the reason.
set -u
cd "$TOP" || exit
. "$KTAP"
export LC_ALL=C.UTF-8
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# scripts INTERPRETER: the files in git that begin with a line that names it
scripts()
{
	git ls-files -s | sed -n 's/^100[0-9]* [^\t]*\t//p' | while IFS= read -r file; do
		head -n 1 "$file" | grep -aqE "^#!.*[/ ]($1)\b" && printf '%s\n' "$file"
	done
}

# clean TOOL NAME: passes when each line on standard input, a finding, is answered
# for the tool, and each answer has its finding. Not behind a pipe: it counts.
clean()
{
	local left

	cat >"$tmp/findings"
	left=$(awk -v tool="$1" '
		FILENAME != "-" {
			if ($1 != tool)
				next
			sub(/^[^ \t]+[ \t]+/, "")
			answer[++n] = $0
			next
		}
		{
			for (i = 1; i <= n; i++)
				if ($0 ~ answer[i])
					break
			if (i <= n)
				used[i] = 1
			else
				print
		}
		END {
			for (i = 1; i <= n; i++)
				if (!(i in used))
					print "tests/lint/answers: nothing is found any more by " \
						tool " that is " answer[i]
		}' tests/lint/answers - <"$tmp/findings")
	diag "$1: $(wc -l <"$tmp/findings") findings," \
		"$(grep -c "^$1[[:space:]]" tests/lint/answers) answers"
	is "$left" '' "$2"
}

# kernel_scripts: sets scripts to what the kernel's source has as scripts/
kernel_scripts()
{
	bash tests/kernels/kernel.sh scripts "$tmp/answer" >"$tmp/log" 2>&1 || {
		diag <"$tmp/log"
		return 1
	}
	scripts=$(cat "$tmp/answer")/scripts
}
