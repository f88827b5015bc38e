#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The first process of the guest, /opt/lunatik-init in its image. It unpacks
# the second disk, a tar archive, into /opt/lunatik-tests, runs the file
# .command from there, says on the second serial line how it ended, and turns
# the machine off. Lines for the harness begin with '@@lunatik '.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root TERM=dumb LC_ALL=C.UTF-8

on()
{
	mountpoint -q "$2" || mount -t "$1" "$1" "$2"
}

on proc /proc
on sysfs /sys
on devtmpfs /dev
mkdir -p /dev/pts /dev/shm
on devpts /dev/pts
on tmpfs /dev/shm
on tmpfs /run
on tmpfs /tmp
on debugfs /sys/kernel/debug
on tracefs /sys/kernel/tracing
chmod 1777 /tmp /dev/shm
mkdir -p /run/lock
mount -o remount,rw /
hostname "$(cat /etc/hostname)"

exec </dev/null >/dev/ttyS1 2>&1
stty -F /dev/ttyS1 raw -echo

cd /opt/lunatik-tests || exit
for disk in /dev/vdb /dev/ubdb; do
	[ ! -b $disk ] || tar -xf $disk
done
# modules for a kernel that the image was not made with
[ ! -d .lib ] || cp -r .lib/. /lib/modules/
[ ! -d .modules ] || cp -r .modules/. /opt/lunatik-modules/
if [ -s .systemd ]; then
	unit=$(cat .systemd)
	cp "$unit" /etc/systemd/system/
	ln -sf "../$unit" /etc/systemd/system/multi-user.target.wants/
	exec /lib/systemd/systemd >/dev/null 2>&1
fi
sleep infinity &
setsid -w sh ./.command
status=$?
printf '@@lunatik tainted %s\n' "$(cat /proc/sys/kernel/tainted)"
printf '@@lunatik exit %d\n' "$status"
# waits until the line is drained
stty -F /dev/ttyS1 raw
echo o >/proc/sysrq-trigger
wait
