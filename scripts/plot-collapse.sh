#!/bin/sh
# Draws how a network collapsed: the metrics of its last hidden layer and classifier against the epoch, as SVG.
#
#     scripts/plot-collapse.sh runs/fashion-mlp docs/collapse.svg [TRIAL]
#
# Without TRIAL (16 digits, as `ncsweep results` shows them) the first finished network of the sweep. Needs gnuplot.
set -eu
directory=${1:?folder of results} output=${2:?SVG file} trial=${3:-}
ncsweep=${NCSWEEP:-ncsweep}

if [ -z "$trial" ]; then
    trial=$("$ncsweep" results "$directory" --where "problem == network and state == done" --format csv --columns trial |
        sed -n 2p)
    [ -n "$trial" ] || { echo "plot-collapse: $directory holds no finished network" >&2; exit 1; }
fi
# One value: no comma in it, and no quotes around it. The architecture has none, nor have numbers.
value() { "$ncsweep" results "$directory" --where "trial == '$trial'" --format csv --columns "$1" | sed -n 2p; }
title="$(value architecture), $(value dataset), λ = $(value lambda), training samples"

data=$(mktemp)
trap 'rm -f "$data"' EXIT
"$ncsweep" measurements "$directory" --trial "$trial" --split train --format csv >"$data"

# The layer whose classifier is measured is the last one; columns: trial,step,epoch,layer,split,metric,value.
layer=$(awk -F, '$6 == "nc3_duality" { print $4; exit }' "$data")
series() { printf "\"< awk -F, '\$6 == \\\\\"%s\\\\\" && (\$4 == \\\\\"%s\\\\\" || \$4 == \\\\\"\\\\\") && \$3 > 0 { print \$3, \$7 }' %s\"" "$1" "$layer" "$data"; }

gnuplot <<PLOT
set encoding utf8
set terminal svg size 820,460 font "Helvetica,13" background "white" rounded
set output "$output"
set title "$title" noenhanced
set logscale xy
set xlabel "epoch"
set format y "10^{%T}"
set grid back linecolor rgb "#dddddd"
set key outside right
set border 3
set autoscale xfix
set tics nomirror
plot $(series nc1) title "nc1" noenhanced with linespoints pt 7 ps 0.4 lw 2 lc rgb "#0072b2", \\
     $(series nc2_etf_features) title "nc2_etf_features" noenhanced with linespoints pt 7 ps 0.4 lw 2 lc rgb "#d55e00", \\
     $(series nc2_etf_classifier) title "nc2_etf_classifier" noenhanced with linespoints pt 7 ps 0.4 lw 2 lc rgb "#e69f00", \\
     $(series nc3_duality) title "nc3_duality" noenhanced with linespoints pt 7 ps 0.4 lw 2 lc rgb "#009e73", \\
     $(series loss) title "training loss" noenhanced with lines lw 1 lc rgb "#777777"
PLOT
