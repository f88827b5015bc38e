#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# The unit that has scripts run at boot: what systemd thinks of it, and what it runs.
. "$KTAP"
. "$TESTDIR/lib.sh"

unit=/lib/systemd/system/lunatik@.service
if [ ! -f $unit ] || ! command -v systemd-analyze >/dev/null; then
	echo '1..0 # SKIP no systemd here, or no unit'
	exit
fi
ok 'the unit is in order' systemd-analyze verify --man=no lunatik@examples-hello.service
is "$ktap_out" '' 'and nothing is said of it'

link=/etc/systemd/system/multi-user.target.wants/lunatik@examples-hello.service
ok 'enable' systemctl -q --root=/ enable lunatik@examples-hello
is "$(readlink -f $link)" "$(readlink -f $unit)" 'a boot starts it'
ok 'disable' systemctl -q --root=/ disable lunatik@examples-hello
fails 'a boot does not start it' test -L $link

# does KEY: the unit's command, with $script and what Environment= has, or a file
# shellcheck disable=SC2154 # script is in it by name
does()
{
	sh -c "$(sed -n 's/^Environment=\(.*\)/\1/p' $unit | tr ' ' '\n')
		$2
		$(sed -n "s/^$1=-*\(.*\)/\1/p" $unit | sed 's/%I/$script/; s/\${\([A-Z]*\)}/"\${\1}"/g; s/="\(\${[A-Z]*}\)"/="\1"/g')"
}
ok 'before the start the modules are loaded' does ExecStartPre
ok 'start' does ExecStart script=examples/hello
ok 'another, with a file' does ExecStart 'script=examples/echo
	CONTEXT=softirq
	MEMORY=300k
	TIME=200'
is "$(lunatik list | sort | tr '\n' ' ')" 'examples/echo examples/hello ' 'both run'
like "$(cat /proc/lunatik)" '^softirq [0-9]+ [0-9]+ 307200 .* examples/echo$' \
	'in the context and with the quota of the file'
ok 'stop' does ExecStop script=examples/hello
ok 'stop the other' does ExecStop script=examples/echo
is "$(lunatik list)" '' 'neither runs'
fails 'start what is not there' does ExecStart script=examples/nothing
like "$ktap_out" 'no such file' 'with the message'
finish
