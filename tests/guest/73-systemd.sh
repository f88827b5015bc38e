#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# timeout: 900
# Scripts at boot: the template unit. systemd is started and ended as the first
# process of a namespace of its own, with this kernel: each time as at a boot.
. "$KTAP"
. "$TESTDIR/lib.sh"

systemd=/lib/systemd/systemd
if [ ! -x $systemd ] || [ ! -f /lib/systemd/system/lunatik@.service ] || built_in; then
	echo '1..0 # SKIP no systemd here, or no unit, or Lunatik is built in'
	exit
fi
ok 'the unit is in order' systemd-analyze verify --man=no lunatik@examples-hello.service
is "$ktap_out" '' 'and nothing is said of it'

mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /lib/modules/lua/t
echo 'error("not today")' >/lib/modules/lua/t/fails.lua
echo 'print("at boot")' >'/lib/modules/lua/t/with-dash.lua'
# what a machine has, and is no concern of the test's
systemctl -q mask systemd-udevd systemd-udev-trigger systemd-modules-load getty@tty1 console-getty \
	systemd-logind systemd-tmpfiles-setup-dev 2>/dev/null

# boot: until what is to be started has been; its process is in a file, for this may
# be called in a subshell
boot()
{
	# shellcheck disable=SC2016 # of the shell that becomes the first process
	unshare --fork --pid --mount --mount-proc sh -c '
		mount -t tmpfs tmpfs /run
		mkdir -p /run/lock
		exec env container=lunatik $1 --unit=multi-user.target --log-target=journal \
			--show-status=0' sh $systemd >/tmp/systemd.log 2>&1 &
	unshare=$!
	for _ in $(seq 300); do
		pgrep -P "$unshare" | head -n 1 >/tmp/systemd.pid
		case $(inside systemctl is-system-running 2>/dev/null) in
		running | degraded) return ;;
		esac
		sleep 0.3
	done
	diag </tmp/systemd.log
	return 1
}

inside()
{
	nsenter -t "$(cat /tmp/systemd.pid)" -m -p "$@"
}

# shut_down: and no script is left, since each unit has stopped its own
shut_down()
{
	inside systemctl -q --no-block poweroff
	for _ in $(seq 300); do
		kill -0 "$(cat /tmp/systemd.pid)" 2>/dev/null || return 0
		sleep 0.3
	done
	return 1
}

lunatik unload
ok 'boot' boot
isnt "$(inside systemctl is-active lunatik@examples-hello)" active 'nothing runs that was not enabled'
mkdir -p /etc/lunatik
printf 'CONTEXT=softirq\nMEMORY=300k\nTIME=200\n' >/etc/lunatik/examples-echo.conf
dash=$(systemd-escape t/with-dash)
for unit in examples-hello examples-echo "$dash"; do
	ok "enable $unit" inside systemctl -q enable "lunatik@$unit"
done
ok 'shut down' shut_down
ok 'nothing is loaded' sh -c '! grep -q ^lunatik /proc/modules'

ok 'boot again' boot
is "$(lunatik list | sort | tr '\n' ' ')" 'examples/echo examples/hello t/with-dash ' \
	'what is enabled runs'
like "$(cat /proc/lunatik)" '^softirq [0-9]+ [0-9]+ 307200 .* examples/echo$' \
	'in the context and with the quota of its file'
inside systemctl status lunatik@examples-hello >/tmp/status 2>&1
like "$(cat /tmp/status)" 'Lua script examples/hello in the kernel' 'status says what it is'
like "$(cat /tmp/status)" 'Active: active \(exited\)' 'and that it is there'
ok 'stop' inside systemctl stop lunatik@examples-hello
is "$(lunatik list | grep -c hello)" 0 'it is gone'
ok 'start' inside systemctl start lunatik@examples-hello
ok 'stopped by hand' lunatik stop examples/hello
ok 'stop what is gone' inside systemctl stop lunatik@examples-hello
is "$(inside systemctl is-failed lunatik@examples-hello)" inactive 'is no failure'

fails 'start what raises' inside systemctl start lunatik@t-fails
sleep 2
inside systemctl status lunatik@t-fails >/tmp/status 2>&1
like "$(cat /tmp/status)" 'not today' 'status has the message'
inside systemctl stop lunatik@t-fails
fails 'start what is not there' inside systemctl start lunatik@t-nothing
inside systemctl stop lunatik@t-nothing
for unit in examples-hello examples-echo "$dash"; do
	ok "disable $unit" inside systemctl -q disable "lunatik@$unit"
done
is "$(lunatik list | tr '\n' ' ')" "$(printf 'examples/echo\nt/with-dash\n' | sort | tr '\n' ' ')" \
	'what was disabled runs until the shutdown'
ok 'shut down, again' shut_down
is "$(lunatik list)" '' 'which stops it'

ok 'boot once more' boot
is "$(lunatik list)" '' 'what is disabled does not run'
ok 'shut down once more' shut_down
rm -r /lib/modules/lua/t /etc/lunatik/examples-echo.conf
ok 'unload' lunatik unload
modprobe luarcu
finish
