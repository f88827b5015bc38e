#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# needs: codespell
# The words in all that is in git; .codespellrc has what is no mistake.
. "$TOP/tests/lint/lib.sh"

git ls-files -s | sed -n 's/^100[0-9]* [^\t]*\t//p' >"$tmp/files"
mapfile -t files <"$tmp/files"
ok "codespell has nothing to say of ${#files[@]} files" codespell "${files[@]}"
finish
