#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 900
# The tests that Debian's autopkgtest runs on a machine of their own, debian/tests, run
# as it runs them: as root, in the source tree, with a directory to write to; what they
# say on standard error is a failure.
. "$KTAP"
. "$TESTDIR/lib.sh"

if ! packaged; then
	skip "Debian's autopkgtest" "$UNPACKAGED"
	finish
fi
# the others run by themselves, before this
export LUNATIK_TESTS=40-rcu
tree=$(mktemp -d)
mkdir -p "$tree/tests/harness" "$tree/debian"
cp -r "$TESTDIR" "$tree/tests/guest"
cp "$KTAP" "$tree/tests/harness/ktap.sh"
mv "$tree/tests/guest/.debian-tests" "$tree/debian/tests"
unload
tests=$(sed -n 's/^Tests: //p' "$tree/debian/tests/control" | tr ',' ' ')
isnt "$tests" '' 'there are tests'
for test in $tests; do
	export AUTOPKGTEST_TMP="$tree/tmp-$test"
	mkdir "$AUTOPKGTEST_TMP"
	(cd "$tree" && exec "debian/tests/$test") >"$tree/out" 2>"$tree/err"
	is "$?" 0 "debian/tests/$test" || diag <"$tree/out"
	is "$(cat "$tree/err")" '' 'with nothing on standard error'
done
rm -r "$tree"
modprobe luarcu
finish
