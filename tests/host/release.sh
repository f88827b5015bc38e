#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# The version, the release's tarballs, and what else a release is made of.
# timeout: 300
set -u
cd "$TOP" || exit
. "$KTAP"

ok 'all say the version of debian/changelog' debian/version.sh check
version=$(debian/version.sh)

# a copy of the tree, with a tag, made and used as others might
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git=(git -c safe.directory='*' -c user.name=t -c user.email=t@invalid -C "$copy/a")
mkdir "$copy/a"
git -c safe.directory="$TOP" ls-files -z --cached --others --exclude-standard |
	xargs -0 sh -c 'for f; do [ ! -e "$f" ] || cp --parents -P "$f" "$0"; done' "$copy/a"
"${git[@]}" init -q -b main
"${git[@]}" add -A
"${git[@]}" commit -q -m release
fails 'no release without a tag' "$copy/a/debian/build.sh" dist
like "$ktap_out" "there is no tag v$version" 'with a sentence'
"${git[@]}" tag v9.9.9
fails 'nor from one of another version' "$copy/a/debian/build.sh" dist v9.9.9
like "$ktap_out" "the tag v9.9.9 has the version $version" 'with a sentence'
"${git[@]}" tag "v$version"
ok 'make dist' "$copy/a/debian/build.sh" dist
is "$(cd "$copy/a/build/dist" && echo *)" \
	"SHA256SUMS lunatik_$version.orig-lua-debian.tar.xz lunatik_$version.orig-lua.tar.gz lunatik_$version.orig.tar.xz" \
	'makes the three tarballs and their sums'
mv "$copy/a/build/dist/SHA256SUMS" "$copy/sums"
# the tag is what counts, not the work tree, nor when and by whom it is asked for
git clone -q "$copy/a" "$copy/another place"
rm "$copy/another place/README.md"
echo '-- more' >>"$copy/another place/lua-scripts/examples/hello.lua"
ok 'again, elsewhere, from a tree that is changed' env -C "$copy/another place" \
	sh -c 'umask 077; TZ=Asia/Tokyo LC_ALL=C exec debian/build.sh dist'
is "$(cat "$copy/another place/build/dist/SHA256SUMS")" "$(cat "$copy/sums")" 'the same bytes'
diag <"$copy/sums"
ok 'make orig in the tree of the tag' "$copy/a/debian/build.sh" orig
is "$(cd "$copy/a/build" && sha256sum -- lunatik_*)" "$(cat "$copy/sums")" 'the same bytes as well'
names=$(tar -tf "$copy/a/build/lunatik_$version.orig.tar.xz")
unlike "$names" "^[^/]+/(debian|lua|lua-debian|build|src/lua)/" 'no Lua, no debian/, nothing built in the main one'
is "$(tar -tvf "$copy/a/build/lunatik_$version.orig.tar.xz" | awk '{ print $2 }' | sort -u)" 0/0 'no user of this machine'

# Lua
recorded=$(awk '!/^#/ && NF { print $2 }' debian/lua/versions | sort -V | tail -n 1)
is "$(sed -n 's,.*dversionmangle=s/\.\*/\([0-9.]*\)/.*,\1,p' debian/watch)" "${recorded%-*}" \
	'debian/watch compares with the newest Lua on record'

# whose it is
licenses=$(git ls-files | xargs grep -HoE 'SPDX-License-Identifier: [A-Za-z0-9. -]*[A-Za-z0-9]' |
	sed 's/:SPDX-License-Identifier: / /' | sort -u)
like "$licenses" '^src/core/main.c MIT OR GPL-2.0-only$' 'files say their license'
is "$(awk '!/ MIT OR GPL-2.0-only$/ { print $1 }' <<<"$licenses" | tr '\n' ' ')" \
	"$(sed -n 's/^Files: //p' debian/copyright | grep -v '\*$' | tr '\n' ' ')" \
	'those of another one have a stanza in debian/copyright'
like "$(tr '\n' ' ' <debian/copyright)" 'Files: lua/\* Copyright: 1994-20[0-9]+ Lua.org, PUC-Rio License: Expat' \
	'and so has Lua'
finish
