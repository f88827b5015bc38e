#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# guest-run.sh SCRIPT...: runs the test scripts in the guest, one after the
# other, each within its time limit: 600 s, or a line '# timeout: SECONDS'.
# Between its lines for the harness stands what the script printed.

cd "$(dirname "$0")" || exit
export KTAP="$PWD/ktap.sh" TESTDIR="$PWD"

# what cannot even be killed hangs in the kernel: say where, and end
# shellcheck disable=SC2016 # for its own shell
watchdog='
sleep "$1"
echo w >/proc/sysrq-trigger
printf "@@lunatik stuck %s\n@@lunatik tainted %s\n" \
	"$2" "$(cat /proc/sys/kernel/tainted)"
stty -F /dev/ttyS1 raw
echo o >/proc/sysrq-trigger
'

for script; do
	limit=$(sed -n 's/^# timeout: *\([0-9][0-9]*\).*/\1/p' "$script" | head -n 1)
	: "${limit:=600}"
	printf 'lunatik-harness: begin %s\n' "$script" >/dev/kmsg
	printf '@@lunatik begin %s %s\n' "$script" "$limit"
	setsid sh -c "$watchdog" watchdog $((limit + 30)) "$script" &
	watch=$!
	timeout -k 10 "$limit" "./$script" </dev/null &
	test=$!
	wait "$test"
	status=$?
	kill -s KILL -- "-$test" 2>/dev/null
	kill -s KILL -- "-$watch" 2>/dev/null
	wait "$watch" 2>/dev/null
	printf '@@lunatik end %s %d\n' "$script" "$status"
done
printf 'lunatik-harness: end\n' >/dev/kmsg
