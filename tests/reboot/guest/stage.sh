#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# After each boot: the first enables two scripts, the second finds them running and
# disables them, the third does not find them.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8
stty -F /dev/ttyS1 raw -echo
cd /opt/lunatik-tests || exit
. ./ktap.sh
at=/var/lib/lunatik-stage
failed=$at/failed
mkdir -p $at
stage=$(($(cat $at/stage 2>/dev/null || echo 0) + 1))
echo $stage >$at/stage

# end: what was seen so far fails or not; then the next boot, or none
end()
{
	echo "1..$KTAP_RUN"
	echo $(($(cat $failed 2>/dev/null || echo 0) + KTAP_FAILED)) >$failed
	sync
	if [ "$stage" -lt 3 ]; then
		systemctl --no-block reboot 2>/dev/null
		exit
	fi
	printf '@@lunatik tainted %s\n' "$(cat /proc/sys/kernel/tainted)"
	printf '@@lunatik exit %d\n' "$(($(cat $failed) > 0))"
	stty -F /dev/ttyS1 raw
	systemctl --no-block poweroff 2>/dev/null
	exit
}

# the scripts of that file are there, or it was waited for long enough
running()
{
	for _ in $(seq 60); do
		[ "$(systemctl is-active "$1")" != activating ] || { sleep 1; continue; }
		break
	done
	systemctl is-active "$1"
}

case $stage in
1)
	is "$(cat /proc/1/comm)" systemd 'systemd has booted this'
	is "$(lunatik list 2>/dev/null)" '' 'no script runs'
	mkdir -p /etc/lunatik
	printf 'CONTEXT=softirq\nMEMORY=300k\n' >/etc/lunatik/examples-echo.conf
	ok 'enable' systemctl enable lunatik@examples-hello lunatik@examples-echo
	ok 'enable what is not there' systemctl enable lunatik@examples-nothing
	;;
2)
	is "$(running lunatik@examples-hello)" active 'after a reboot it is active'
	is "$(running lunatik@examples-echo)" active 'so is the other'
	is "$(lunatik list | tr -d ' ' | tr , '\n' | sort | paste -sd ' ')" 'examples/echo examples/hello' \
		'and both run in the kernel'
	like "$(cat /proc/lunatik)" '^softirq [0-9]+ [0-9]+ 307200 .* examples/echo$' 'as its file says'
	like "$(systemctl status lunatik@examples-hello)" 'Active: active.*' 'status says so'
	like "$(systemctl status lunatik@examples-hello)" 'Lua script examples/hello in the kernel' 'and of what'
	for _ in $(seq 60); do
		[ "$(systemctl is-failed lunatik@examples-nothing)" != failed ] || break
		sleep 1
	done
	is "$(systemctl is-failed lunatik@examples-nothing)" failed 'what is not there has failed'
	like "$(systemctl status lunatik@examples-nothing; journalctl -b -u lunatik@examples-nothing 2>/dev/null)" \
		'no such file' 'and says why'
	ok 'stop' systemctl stop lunatik@examples-echo
	is "$(lunatik list)" examples/hello 'it is gone, the other is not'
	ok 'disable' systemctl disable lunatik@examples-hello lunatik@examples-echo lunatik@examples-nothing
	;;
3)
	is "$(systemctl is-active lunatik@examples-hello)" inactive 'after disable and a reboot it is not active'
	is "$(lunatik list 2>/dev/null)" '' 'no script runs any more'
	is "$(systemctl list-units --failed --no-legend 'lunatik@*')" '' 'and none has failed'
	;;
esac
end
