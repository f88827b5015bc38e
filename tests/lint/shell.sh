#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# needs: shellcheck
# What shellcheck finds in our shell; .shellcheckrc has what it is not asked for.
. "$TOP/tests/lint/lib.sh"

{
	scripts 'bash|dash|sh'
	git ls-files '*.sh'
} | grep -v '^tests/host/lint-' | sort -u >"$tmp/files"
mapfile -t files <"$tmp/files"
ok "shellcheck has nothing to say of ${#files[@]} files" \
	shellcheck -x -P SCRIPTDIR "${files[@]}"
finish
