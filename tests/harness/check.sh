#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# check.sh BUILD_DIR: the tests. Those in tests/host run here, then the
# packages BUILD_DIR/*.deb are installed in a guest, which is booted and runs
# those in tests/guest. A test is an executable *.sh that prints KTAP; the
# directory it lies in goes with it. What all print is numbered and counted
# here, the harness adds points of its own, and the last line is
# 'N passed, N failed'. The exit status is 0 when none failed.
#
#   LUNATIK_DEBIAN=6.12    another kernel of Debian's, see debian.sh; the tests on the
#                          host do not run
#   LUNATIK_KERNEL=kasan   boot this kernel of tests/kernels/kernel.sh instead, or
#                          builtin and intree of intree.sh; if it tells of faults,
#                          it first has to report some that are made on purpose;
#                          the tests on the host do not run. Those whose name
#                          begins with uml run without QEMU
#   LUNATIK_COVERAGE=1     with such a kernel: count what runs of our modules, see
#                          tests/kernels/coverage.sh
#   LUNATIK_QUICK=1        the image is that of the last run, whatever the packages
#                          are; modules of the tests are built if one wants them
#   TESTS='PATTERN...'     only tests whose name holds one: TESTS='guest/20 deb'
#   KEEP=1                 keep the root filesystem until the next run
#   LUNATIK_BOOT_TIMEOUT   seconds for the whole life of the guest: 3000
#   LUNATIK_GUEST_MEM, LUNATIK_GUEST_SMP   2G and 2
#   HOST_TESTS, GUEST_TESTS                other directories of tests
#
# Logs: BUILD_DIR/logs, BUILD_DIR/image; for another kernel in a directory between.
HARNESS_MARK='#'
set -euf -o pipefail
. "$(dirname "$0")/lib.sh"
. "$HARNESS/debian.sh"

[ -d "${1-}" ] || die "usage: check.sh BUILD_DIR"
BUILD_DIR=$(cd "$1" && pwd)
export BUILD_DIR
host_dir=${HOST_TESTS:-$TOP/tests/host}
guest_dir=${GUEST_TESTS:-$TOP/tests/guest}
kernel=${LUNATIK_KERNEL-}
[ -z "$debian" ] || [ -z "$kernel" ] || die "LUNATIK_KERNEL goes with Debian 12 alone"
work=$BUILD_DIR${LUNATIK_COVERAGE:+/coverage}${debian:+/$debian}${kernel:+/$kernel}
logs=$work/logs
image=$BUILD_DIR${debian:+/$debian}/image
quick=
if [ -n "${LUNATIK_QUICK-}" ] && [ -n "$kernel" ] && [ -f "$image/disk.img" ]; then
	quick=1
fi
boots=$work/image	# what is booted: with another kernel, the same disk
files=$work/files
: "${LUNATIK_BOOT_TIMEOUT:=3000}"

slow=1		# by what the kernel is slower
faults=()	# what it reports
case $kernel in
'') ;;
kasan) slow=8 faults=(lock sleep use-after-free out-of-bounds shift twice leak) ;;
kcsan) slow=8 faults=(lock sleep race) ;;
tree | builtin | intree) slow=2 ;;
uml) slow=4 faults=(lock use-after-free out-of-bounds shift twice leak) ;;
uml-smp | uml-debian) ;;
*) die "no kernel to run the tests in: $kernel" ;;
esac
[ -z "${LUNATIK_COVERAGE-}" ] || faults=()

passed=0 failed=0 skipped=0	# points, the leaves of the tree
number=0			# of the test at the top level

# --- one test at the top level, with its points nested

# begin NAME
begin()
{
	test=$1
	points=0 planned='' bad=0 skipall='' problems=()
	printf '    KTAP version 1\n    # Subtest: %s\n' "$test"
}

# line TEXT: one line of what the test printed
line()
{
	local text=${1%$'\r'} status name

	if [[ $text =~ ^(ok|not\ ok)(\ +([0-9]+))?(\ +-)?(\ +(.*))?$ ]]; then
		status=${BASH_REMATCH[1]} name=${BASH_REMATCH[6]}
		points=$((points + 1))
		if [ -n "${BASH_REMATCH[3]}" ] &&
		   [ "$((10#${BASH_REMATCH[3]}))" -ne "$points" ]; then
			problem "point ${BASH_REMATCH[3]} came where $points was due"
			# which took that number
			text="$status $points - $name"
		fi
		if [[ $name =~ \#\ *(SKIP|TODO|skip|todo) ]]; then
			skipped=$((skipped + 1))
		elif [ "$status" = ok ]; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
			bad=$((bad + 1))
		fi
		printf '    %s\n' "$text"
	elif [[ $text =~ ^1\.\.([0-9]+)(\ *\#\ *(SKIP|skip)\ *(.*))?$ ]]; then
		[ -z "$planned" ] || problem "a second plan"
		planned=${BASH_REMATCH[1]}
		if [ "$planned" -eq 0 ]; then
			skipall=${BASH_REMATCH[4]:-no reason given}
		fi
		printf '    %s\n' "$text"
	elif [[ $text =~ ^(KTAP|TAP)\ version ]]; then
		:
	elif [[ $text =~ ^Bail\ out! ]]; then
		problem "$text"
	elif [[ $text == '#'* || -z $text ]]; then
		printf '    %s\n' "$text"
	else
		printf '    # %s\n' "$text"
	fi
}

# problem TEXT: a failed point that the test did not print itself
problem()
{
	problems+=("$1")
}

# end STATUS: the test ended with that exit status
end()
{
	local status=$1 at

	case $status in
	0) ;;
	124 | 137) problem "ended by its time limit" ;;
	*) [ "$bad" -gt 0 ] || problem "exit status $status, with no point failed" ;;
	esac
	if [ -n "$skipall" ] && [ "$points" -eq 0 ]; then
		skipped=$((skipped + 1))
	elif [ "$points" -eq 0 ]; then
		problem "printed no test points"
	elif [ -z "$planned" ]; then
		problem "printed no plan"
	elif [ "$planned" -ne "$points" ]; then
		problem "planned $planned points, made $points"
	fi
	for at in "${!problems[@]}"; do
		failed=$((failed + 1))
		bad=$((bad + 1))
		printf '    not ok %d - %s\n' $((points + at + 1)) \
			"the test itself: ${problems[at]}"
	done
	number=$((number + 1))
	if [ "$bad" -gt 0 ]; then
		printf 'not ok %d - %s\n' "$number" "$test"
	elif [ -n "$skipall" ] && [ "$points" -eq 0 ]; then
		printf 'ok %d - %s # SKIP %s\n' "$number" "$test" "$skipall"
	else
		printf 'ok %d - %s\n' "$number" "$test"
	fi
}

# point STATUS NAME: a point of the harness; a failed one takes its reasons
# from standard input
point()
{
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
		printf 'ok %d - %s\n' "$number" "$2"
	else
		failed=$((failed + 1))
		printf 'not ok %d - %s\n' "$number" "$2"
		sed 's/^/# /'
	fi
}

# --- which tests

# list KIND DIR: the names of the tests to run, sorted
list()
{
	local name pattern

	[ -d "$2" ] || return 0
	find "$2" -maxdepth 1 -name '*.sh' -perm -u+x -printf '%f\n' | sort |
	while IFS= read -r name; do
		[ -n "${TESTS-}" ] || printf '%s\n' "$name"
		for pattern in ${TESTS-}; do
			# shellcheck disable=SC2254 # a pattern
			case $1/$name in
			*$pattern*)
				printf '%s\n' "$name"
				break
				;;
			esac
		done
	done
}

# --- on the host

run_host_tests()
{
	local name status text

	for name in "${host_tests[@]}"; do
		begin "host/$name"
		while IFS= read -r text || [ -n "$text" ]; do
			line "$text"
		done < <(
			limit=$(sed -n 's/^# timeout: *\([0-9]*\).*/\1/p' \
				"$host_dir/$name" | head -n 1)
			cd "$host_dir"
			KTAP=$HARNESS/ktap.sh TESTDIR=$host_dir \
				exec timeout -k 10 "${limit:-600}" "./$name" \
				</dev/null 2>&1
		)
		status=0
		wait "$!" || status=$?
		end "$status"
	done
}

# --- in the guest

# read_guest: takes what the guest prints and counts it, line by line
read_guest()
{
	local text marker rest running=

	ran=()
	while IFS= read -r text || [ -n "$text" ]; do
		marker=
		# a marker may stand behind a line without an end
		if [[ $text == *'@@lunatik '* ]]; then
			marker=${text#*@@lunatik }
			text=${text%%@@lunatik *}
		fi
		if [ -n "$marker" ] && [ -z "$text" ]; then
			:
		elif [ -n "$running" ]; then
			line "$text"
		else
			printf '# %s\n' "$text"
		fi
		rest=${marker#* }
		case ${marker%% *} in
		begin)
			running=${rest% *}
			ran+=("$running")
			say "guest/$running, at most ${rest##* } s"
			begin "guest/$running"
			;;
		end)
			end "${rest##* }"
			running=
			;;
		stuck)
			problem "hangs and cannot be killed; see the kernel log"
			end 0
			running=
			;;
		esac
	done
	if [ -n "$running" ]; then
		problem "the guest ended before it did"
		end 0
	fi
}

# not_run REASON: the guest's tests that had no turn
not_run()
{
	local name

	for name in "${guest_tests[@]}"; do
		case " ${ran[*]-} " in
		*" $name "*) ;;
		*)
			point 1 "guest/$name did not run" <<<"$1"
			;;
		esac
	done
}

# skip_rest REASON WHAT...: these, and what is said of a guest that was booted
skip_rest()
{
	local reason=$1 what
	shift

	for what in "$@" "the guest's end" "the kernel log" "the kernel's taint"; do
		number=$((number + 1)) skipped=$((skipped + 1))
		echo "ok $number - $what # SKIP $reason"
	done
}

# fill_files: what the guest gets, with the programs for it compiled here
fill_files()
{
	local source

	rm -rf "${files:?}"
	mkdir -p "$files"
	cp -r "$guest_dir/." "$files"
	cp -r "$TOP/debian/tests" "$files/.debian-tests"
	while IFS= read -r source; do
		cc -O1 -Wall -Wno-unused-result -static -o "${source%.c}" "$source" || return
	done < <(find "$files" -mindepth 2 -name '*.c')
}

# with_kernel: the image for a kernel of tests/kernels, which shows that it works
with_kernel()
{
	local status=0 out=$work/out fault without=$quick

	# a test that loads modules has to have those of this kernel
	! (cd "$guest_dir" && grep -q lunatik-modules "${guest_tests[@]}") || without=
	export LUNATIK_GUEST_MEM=${LUNATIK_GUEST_MEM:-4G}
	# which line a disk interrupts by is code to ACPI: on a busy machine KASAN makes
	# it take longer than the kernel waits for, and the guest waits for its disk
	export LUNATIK_GUEST_ARGS="kasan_multi_shot acpi=noirq ${LUNATIK_GUEST_ARGS-}"
	LUNATIK_BOOT_TIMEOUT=$((LUNATIK_BOOT_TIMEOUT * slow))
	LUNATIK_QUICK=$without bash "$TOP/tests/kernels/modules.sh" "$kernel" "$out" \
		${LUNATIK_COVERAGE:+GCOV_PROFILE=y} 2>&1 | sed -u 's/^/# /' ||
		status=${PIPESTATUS[0]}
	point "$status" "the modules build for the kernel $kernel" <<<"see above"
	if [ "$status" -ne 0 ]; then
		not_run "no kernel to boot"
		skip_rest "no kernel to boot" "${faults[@]}"
		return 1
	fi
	rm -rf "$boots"
	mkdir -p "$boots"
	ln -s "$image/disk.img" "$boots/disk.img"
	case $kernel in
	uml*) ln -s "$(readlink -f "$out/tree")/linux" "$boots/linux" ;;
	*) ln -s "$(readlink -f "$out/tree")/arch/x86/boot/bzImage" "$boots/vmlinuz" ;;
	esac

	[ ${#faults[@]} -eq 0 ] || {
		rm -rf "$work/faults"
		mkdir "$work/faults"
		cp "$TOP"/tests/kernels/faults/faults.sh "$out"/faults/faults.ko "$work/faults"
		say "booting $kernel for ${#faults[@]} faults on purpose"
		status=0
		bash "$HARNESS/boot.sh" -t $((300 * slow)) "$boots" "$logs/faults" "$work/faults" \
			./faults.sh "${faults[@]}" | sed 's/^/# /' || status=${PIPESTATUS[0]}
		"$HARNESS/klog.sh" "$logs/faults/kernel.log" >"$logs/faults/trouble" || :
		for fault in "${faults[@]}"; do
			status=0
			grep -q "^--- .*after: fault $fault\$" "$logs/faults/trouble" || status=1
			point "$status" "the kernel reports this fault: $fault" \
				<"$logs/faults/kernel.log"
		done
	}
	mkdir -p "$files/.modules"
	cp -r "$out/lib" "$files/.lib"
	cp -r "$TOP/lua-scripts" "$files/.lib/lua"
	# the command as it is now, not as it was when the image was made
	mkdir -p "$files/.root/usr/sbin" "$files/.root/usr/share"
	cp "$TOP/tools/lunatik" "$files/.root/usr/sbin"
	cp -r "$TOP/tools/lib" "$files/.root/usr/share/lunatik"
	mkdir -p "$files/.root/usr/share/bash-completion/completions"
	cp "$TOP/tools/completion/lunatik.bash" \
		"$files/.root/usr/share/bash-completion/completions/lunatik"
	[ -n "$without" ] ||
		(set +f && cd "$out/modules" && cp --parents ./*/*.ko "$files/.modules")
}

# install_packages: into the image, and what is said of that
install_packages()
{
	local status=0

	bash "$HARNESS/rootfs.sh" "$BUILD_DIR" 2>&1 | sed -u '/^#/!s/^/# /' ||
		status=${PIPESTATUS[0]}
	point "$status" "the packages install with apt and DKMS builds them" \
		<<<"see above and $image/install.log"
	if [ "$status" -ne 0 ]; then
		not_run "no image to boot"
		skip_rest "no image to boot" "no warning from DKMS" "the programs" \
			${kernel:+"the modules for the kernel" "${faults[@]}"}
		return 1
	fi
	status=0
	[ ! -s "$image/warnings" ] || status=1
	point "$status" "the DKMS build printed no warning" <"$image/warnings"
}

run_guest_tests()
{
	local status=0 result tainted

	ran=()
	[ -n "$quick" ] || install_packages || return
	status=0
	fill_files || status=$?
	point "$status" "the programs for the guest are compiled" <<<"see above"
	if [ -n "$kernel" ]; then
		with_kernel || return
	fi

	say "booting the guest"
	read_guest < <(
		[ -z "${LUNATIK_COVERAGE-}" ] || export LUNATIK_GUEST_OUT=$work/counts.tar
		bash "$HARNESS/boot.sh" -t "$LUNATIK_BOOT_TIMEOUT" \
			"$boots" "$logs" "$files" env "LUNATIK_SLOW=$slow" \
			"LUNATIK_COVERAGE=${LUNATIK_COVERAGE-}" ./guest-run.sh "${guest_tests[@]}" 2>&1
	)
	result=$(head -n 1 "$logs/result" 2>/dev/null) || result='not started'
	tainted=$(sed -n 's/^tainted //p' "$logs/result" 2>/dev/null) || :
	say "the guest ended: $result"
	not_run "the guest ended before: $result"
	ended "$result"
	kernel_log
	taint "$tainted"
}

ended()
{
	local status=0

	[ "$1" = "exit 0" ] || status=1
	point "$status" "the guest ran to its end and turned itself off" < <(
		case $1 in
		timeout) echo "timeout: it was still running after" \
			"$LUNATIK_BOOT_TIMEOUT s (LUNATIK_BOOT_TIMEOUT)" ;;
		died) echo "it ended without a word" ;;
		*) echo "$1" ;;
		esac
		echo "the last lines of $logs/kernel.log:"
		tail -n 15 "$logs/kernel.log" 2>/dev/null || :
	)
}

kernel_log()
{
	local status=0

	if [ -s "$logs/kernel.log" ]; then
		# user-mode Linux has something to say of its own while it boots
		case $kernel in
		uml*) sed -n '/lunatik-harness:/,$p' "$logs/kernel.log" ;;
		*) cat "$logs/kernel.log" ;;
		esac >"$logs/kernel.read"
		"$HARNESS/klog.sh" "$logs/kernel.read" >"$logs/kernel.trouble" ||
			status=1
	else
		echo "there is no kernel log" >"$logs/kernel.trouble"
		status=1
	fi
	point "$status" "the kernel log is clean" <"$logs/kernel.trouble"
}

# taint BITS: out-of-tree (bit 12) and unsigned (bit 13) are what DKMS makes
taint()
{
	local status=0

	[ -n "$1" ] && [ $(($1 & ~(1 << 12 | 1 << 13))) -eq 0 ] || status=1
	point "$status" "the kernel is tainted by out-of-tree modules at most" \
		<<<"/proc/sys/kernel/tainted: got ${1:-nothing}, wanted 0, 4096, 8192 or 12288"
}

# --- all

host_tests=()
[ -n "$debian$kernel" ] || mapfile -t host_tests < <(list host "$host_dir")
mapfile -t guest_tests < <(list guest "$guest_dir")
mkdir -p "$logs"
boot=0
if [ -z "${TESTS-}" ] || [ ${#guest_tests[@]} -gt 0 ]; then
	boot=$((6 - 2 * ${#quick} + ${#faults[@]} + (${#kernel} > 0)))
fi
echo "KTAP version 1"
echo "1..$((${#host_tests[@]} + (boot ? ${#guest_tests[@]} + boot : 0)))"
run_host_tests
[ "$boot" -eq 0 ] || run_guest_tests
printf '%d passed, %d failed' "$passed" "$failed"
[ "$skipped" -eq 0 ] || printf ', %d skipped' "$skipped"
echo
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
