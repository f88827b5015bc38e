#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# throughput.sh [OUTFILE]: what one CPU and what two get done with the RCU table
# and with what it is compared to, in real time, in user-mode Linux with SMP.
# Writes a table with tabs to OUTFILE, build/bench/throughput.tsv unless said:
#
#   scenario  cpus  median  min  max  runs  ratio  percent
#
# with operations per second; as ratio the median over the runs of two CPUs
# against one right before or after, at the same speed of the CPUs, see
# throughput/main.c; and how much of the time the threads had their CPUs. Then
# prints it as Markdown. As root.
#
#   BENCH_ROUNDS=31   samples of each scenario
#   BENCH_MS=100      milliseconds of each sample
#   BENCH_ONLY=rcu    only scenarios whose name holds this
#   BENCH_SRC=src     other sources, such as those of an older commit
#
# What else the host does disturbs it, so both its CPUs should be idle. What
# others took is printed with the figures, and samples that had to wait for a CPU
# do not count: fewer than 5 runs of a scenario are too few.
#
# needs: bc bison busybox-static cpio flex
set -eu -o pipefail
. "$(dirname "$0")/../tests/harness/lib.sh"

here=$TOP/bench
work=$TOP/build/bench
rounds=${BENCH_ROUNDS:-31}
ms=${BENCH_MS:-100}
scenarios=$(grep -c '^	{"' "$here/throughput/main.c")

# compile DIR ARGS...: modules for that kernel; a warning is an error
compile()
{
	local log=$work/build.log

	make -C "$tree" ARCH=um M="$1" "${@:2}" modules >"$log" 2>&1 || {
		cat "$log" >&2
		die "the modules do not build"
	}
	! grep -E '(warning|WARNING):' "$log" >&2 || die "warnings, see $log"
}

# Copies, so that the tree's own objects, of another kernel, stay.
build()
{
	rm -rf "$work/src" "$work/throughput"
	cp -r "${BENCH_SRC:-$TOP/src}" "$work/src"
	cp -r "$here/throughput" "$work"
	find "$work/src" "$work/throughput" \
		\( -name '*.o' -o -name '*.ko' -o -name '*.mod*' -o -name '.*.cmd' \) \
		-exec rm -f {} +
	compile "$work/src"
	compile "$work/throughput" LUNATIK_INCLUDE="$work/src/include" \
		KBUILD_EXTRA_SYMBOLS="$work/src/Module.symvers"
}

initramfs()
{
	local root=$work/root

	rm -rf "$root"
	mkdir -p "$root"/{bin,dev,proc,sys,lib/modules/lua/bench}
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp "$work"/src/{luadrv,lunatik}.ko "$work"/src/rcu/luarcu.ko \
		"$work"/throughput/bench_throughput.ko "$root"
	cp "$here/throughput/throughput.lua" "$root/lib/modules/lua/bench/"
	cat >"$root/init" <<-END
	#!/bin/busybox sh
	/bin/busybox mount -t proc proc /proc
	/bin/busybox insmod /luadrv.ko &&
	/bin/busybox insmod /lunatik.ko &&
	/bin/busybox insmod /luarcu.ko &&
	/bin/busybox insmod /bench_throughput.ko rounds=$rounds ms=$ms only=${BENCH_ONLY-} &&
	/bin/busybox rmmod bench_throughput luarcu lunatik luadrv &&
	echo bench: complete
	/bin/busybox poweroff -f
	END
	chmod +x "$root/init"
	(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initrd"
}

# jiffies that all CPUs of the host were busy, and that the hypervisor took
host_busy()
{
	awk '/^cpu / { print $2 + $3 + $4 + $7 + $8, $9; exit }' /proc/stat
}

# sets waited: how long the CPUs of UML, its threads, wanted one of the host's
host_wait()
{
	local task wait

	waited=0
	for task in /proc/"$1"/task/*/schedstat; do
		read -r _ wait _ <"$task" || continue
		waited=$((waited + wait))
	done
} 2>/dev/null

# follow PID: its output, each sample with the nanoseconds it waited since the
# one before. Nothing for a minute means that it hangs.
follow()
{
	local line last=0 waited

	while IFS= read -r -t 60 line; do
		case $line in
		*'bench: '*[0-9]*)
			host_wait "$1"
			line="${line%$'\r'} $((waited - last))"
			last=$waited
			;;
		esac
		printf '%s\n' "$line"
	done
	kill -KILL "$1" 2>/dev/null || :
}

# run: boots it, with the load of the others before and meanwhile
run()
{
	local before pid own seconds=$SECONDS

	echo "host: $(nproc) CPUs, load before: $(cut -d ' ' -f 1-3 /proc/loadavg)" \
		>"$work/host"
	before=$(host_busy)
	exec 3< <(exec "$tree/linux" mem=2G ncpus=2 seccomp=on \
		initrd="$work/initrd" uml_dir="$work/uml" \
		con0=null,fd:1 con=null panic=-1 oops=panic </dev/null 2>&1)
	pid=$!
	follow "$pid" <&3 >"$work/kernel.log"
	wait "$pid" || :
	exec 3<&-
	own=$(times | awk 'NR == 2 {
		for (i = 1; i <= 2; i++) {
			split($i, t, /[ms]/)
			sum += t[1] * 60 + t[2]
		}
		print sum }')
	echo "$before $(host_busy) $own $((SECONDS - seconds))" \
		"$(getconf CLK_TCK) $(nproc)" | awk '{
		others = ($3 - $1) / $7 - $5
		printf "%d s, in which others took %.0f %% of the CPUs and the hypervisor %.1f %%\n",
			$6, 100 * (others < 0 ? 0 : others) / $6 / $8,
			100 * ($4 - $2) / $7 / $6 / $8
	}' >>"$work/host"
	if ! grep -q 'bench: complete' "$work/kernel.log" ||
	   grep -qE 'WARNING:|BUG:|Oops|rcu:.*stall' "$work/kernel.log"; then
		tail -n 40 "$work/kernel.log" >&2
		die "the benchmark failed, see $work/kernel.log"
	fi
}

# Medians of the samples, and of the ratios of samples next to one another. A
# sample for which UML waited for a CPU of the host, a tenth of its time or
# more, does not count, and with it not the one that it is compared to.
figures()
{
	sed -n 's/.*bench: \([a-z-]* [0-9]* [0-9]* [0-9]* [0-9]* [0-9]*\)$/\1/p' \
		"$work/kernel.log" |
	awk -v OFS='\t' -v limit="$((ms * 1000000 / 10))" '
	function median(key, n,   i, j, t, v) {
		for (i = 1; i <= n; i++)
			v[i] = value[key, i]
		for (i = 2; i <= n; i++)
			for (j = i; j > 1 && v[j] < v[j - 1]; j--) {
				t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
			}
		low = v[1]
		high = v[n]
		return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
	}
	# the line of a writer follows that of the sample
	{
		name = $1
		if (!(name in round)) {
			round[name] = 0
			order[++names] = name
		}
		if ($1 ~ /-writer$/)
			$6 += wait
		wait = $6
		if (++seen[name, $2] > round[name])
			round[name]++
		n = seen[name, $2]
		rate[name, $2, n] = $3
		percent[name, $2, n] = $4
		steady[name, $2, n] = $5
		if ($6 > limit)
			disturbed[name, n] = 1
	}
	END {
		print "scenario", "cpus", "median", "min", "max", "runs", "ratio", \
			"percent"
		for (k = 1; k <= names; k++) {
			name = order[k]
			n = 0
			for (i = 1; i <= round[name]; i++) {
				if ((name, i) in disturbed)
					continue
				n++
				for (cpus = 1; cpus <= 2; cpus++) {
					value[cpus, n] = rate[name, cpus, i]
					value["p" cpus, n] = percent[name, cpus, i]
				}
				one = steady[name, 1, i]
				value["ratio", n] = one ? steady[name, 2, i] / one : 0
			}
			if (!n)
				continue
			ratio = sprintf("%.2f", median("ratio", n))
			for (cpus = 1; cpus <= 2; cpus++) {
				if (!seen[name, cpus])
					continue
				p = int(median("p" cpus, n))
				m = int(median(cpus, n))
				print name, cpus, m, low, high, n, \
					cpus == 2 && seen[name, 1] ? ratio : "-", p
			}
		}
	}'
}

# the same for people
markdown()
{
	echo "| scenario | one CPU, op/s | two CPUs, op/s | ratio | had the CPU | runs |"
	echo "|---|---:|---:|---:|---:|---:|"
	awk -F '\t' '
	function figure(m, low, high) {
		return sprintf("%.2f M (%.2f to %.2f)", m / 1e6, low / 1e6, high / 1e6)
	}
	NR == 1 { next }
	$2 == 1 { one[$1] = figure($3, $4, $5); next }
	{
		printf "| %s | %s | %s | %s | %d %% | %d |\n", $1,
			$1 in one ? one[$1] : "", figure($3, $4, $5), $7, $8, $6
	}' "$1"
}

[ "$(id -u)" -eq 0 ] || as_root "$0" "$@"
out=${1:-$work/throughput.tsv}
"$TOP/tests/harness/deps.sh" "$0"
mkdir -p "$work"
"$TOP/debian/lua/stage.sh"
"$TOP/tests/kernels/kernel.sh" uml-smp "$work/tree"
tree=$(cat "$work/tree")
say "building the modules for $(basename "$tree")"
build
initramfs
say "measuring: $rounds rounds of $scenarios scenarios"
run
figures >"$out"
say "$out"
echo
markdown "$out"
echo
cat <<END
Medians of samples of $ms ms (least and most).
ratio: of two CPUs to one, both at one speed: that of a virtual CPU changes.
had the CPU: of the time with two CPUs; the kernel's own work took the rest.
runs: of $rounds pairs of samples, those that the host did not disturb.
END
cat "$work/host"
