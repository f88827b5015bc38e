#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# plot.sh [TSV [SVG]]: draws what throughput.sh measured: for each scenario a
# bar for one CPU, one for two, and how many times as much that is. Unless said
# the files are build/bench/throughput.tsv and .svg.
#
# needs: gnuplot-nox
set -eu -o pipefail
. "$(dirname "$0")/../tests/harness/lib.sh"

tsv=${1:-$TOP/build/bench/throughput.tsv}
svg=${2:-${tsv%.tsv}.svg}
[ -f "$tsv" ] || die "no file $tsv: throughput.sh makes it"
"$TOP/tests/harness/deps.sh" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# panel READS: lines 'scenario one two ratio' with millions a second; those of
# scenarios whose name has -read, or the others
panel()
{
	awk -F '\t' -v OFS='\t' -v reads="$1" '
	NR == 1 || $1 ~ /-writer$/ || ($1 ~ /-read/) != reads { next }
	$2 == 1 { one[$1] = $3 / 1e6; next }
	$1 in one { print $1, one[$1], $3 / 1e6, "×" $7 }' "$tsv"
}

panel 1 >"$work/Readers"
panel 0 >"$work/Writers"
panels=$(cd "$work" && find . -type f -size +0 -printf '%f\n' | sort)
[ -n "$panels" ] || die "no figures in $tsv"
cat >"$work/plot" <<END
set terminal svg size 1000,900 dynamic font "sans-serif,13" background "#ffffff"
set output "$work/svg"
set multiplot layout 2,1
set datafile separator tab
set encoding utf8
set style data histograms
set style histogram clustered gap 1.2
set style fill solid 0.9 noborder
set boxwidth 0.9
set grid ytics linecolor "#d0d0d0"
set border 3
set tics nomirror
set xtics rotate by -30
set rmargin 12
set ylabel "million operations a second"
set yrange [0:*]
set offsets 0, 0, graph 0.1, 0
set key top left reverse Left samplen 1.5
do for [file in "${panels//$'\n'/ }"] {
	set title file
	plot "$work/".file using 2:xtic(1) title "one CPU" linecolor "#8da0cb", \\
		"" using 3 title "two CPUs" linecolor "#1b4f8f", \\
		"" using (\$0 + 0.21):3:4 with labels offset 0,0.6 font ",11" notitle
}
END
gnuplot "$work/plot"
mv "$work/svg" "$svg"
say "$svg"
