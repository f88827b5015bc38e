#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# guest-run.sh SCRIPT...: runs the test scripts in the guest, one after the
# other, each within its time limit: 600 s, or a line '# timeout: SECONDS'.
# Between its lines for the harness stands what the script printed. A kernel that
# looks for leaks has done so when the last one is through.
#
#   LUNATIK_SLOW=4       the kernel is slower by that: each limit is longer
#   LUNATIK_COVERAGE=1   what gcov counted goes to the third disk, a tar archive

cd "$(dirname "$0")" || exit
export KTAP="$PWD/ktap.sh" TESTDIR="$PWD" LUNATIK_SLOW="${LUNATIK_SLOW:-1}"

[ ! -d .root ] || cp -r .root/. /

# stuck SCRIPT: what cannot even be killed hangs in the kernel. Has the kernel
# log say where, and turns the machine off: later tests would prove nothing.
stuck()
{
	echo w >/proc/sysrq-trigger
	printf '@@lunatik stuck %s\n@@lunatik tainted %s\n' \
		"$1" "$(cat /proc/sys/kernel/tainted)"
	stty -F /dev/ttyS1 raw
	echo o >/proc/sysrq-trigger
	sleep infinity
}

# gone GROUP: the processes of the group are dead, or die within 5 s
gone()
{
	tries=50
	while kill -s KILL -- "-$1" 2>/dev/null; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return
		sleep 0.1
	done
}

if [ "$1" = --watchdog ]; then
	sleep "$2"
	stuck "$3"
fi
leaks=/sys/kernel/debug/kmemleak
# its thread looks for minutes, and who allocates waits for the lock it has
[ ! -e $leaks ] || echo scan=off 2>/dev/null >$leaks
for script; do
	limit=$(sed -n 's/^# timeout: *\([0-9][0-9]*\).*/\1/p' "$script" | head -n 1)
	limit=$((${limit:-600} * LUNATIK_SLOW))
	printf 'lunatik-harness: begin %s\n' "$script" >/dev/kmsg
	printf '@@lunatik begin %s %s\n' "$script" "$limit"
	setsid sh "$0" --watchdog $((limit + 30)) "$script" &
	watch=$!
	timeout -k 10 "$limit" "./$script" </dev/null &
	test=$!
	wait "$test"
	status=$?
	gone "$test" || stuck "$script"
	kill -s KILL -- "-$watch" 2>/dev/null
	wait "$watch" 2>/dev/null
	printf '@@lunatik end %s %d\n' "$script" "$status"
done
# a leak is what was found twice, a while after
if [ -e $leaks ]; then
	printf 'lunatik-harness: leaks\n' >/dev/kmsg
	sleep 6
	echo scan >$leaks
	sleep 6
	echo scan >$leaks
	while IFS= read -r line; do
		printf 'kmemleak: %s\n' "$line" >/dev/kmsg
	done <$leaks
fi
if [ -n "${LUNATIK_COVERAGE-}" ]; then
	mkdir /tmp/counts
	# these files have no size before they are read
	(cd /sys/kernel/debug/gcov && find . -name '*.gcda') | while read -r file; do
		mkdir -p "/tmp/counts/${file%/*}"
		cat "/sys/kernel/debug/gcov/$file" >"/tmp/counts/$file"
	done
	tar -C /tmp/counts -cf /dev/vdc .
	sync
fi
printf 'lunatik-harness: end\n' >/dev/kmsg
