#!/bin/sh
# Draws how one trial collapsed, as SVG: its metrics against the step, for a network against the epoch and of its last
# hidden layer and classifier, on training samples.
#
#     scripts/plot-collapse.sh runs/collapse docs/collapse.svg [TRIAL]
#
# Without TRIAL (16 digits, as `ncsweep results` shows them) the first finished one of the sweep as last run; a TRIAL may
# be any that is stored. Needs gnuplot.
set -eu
directory=${1:?folder of results} output=${2:?SVG file} trial=${3:-}
ncsweep=${NCSWEEP:-ncsweep}

if [ -z "$trial" ]; then
    trial=$("$ncsweep" results "$directory" --where "state == done" --format csv --columns trial | sed -n 2p)
    [ -n "$trial" ] || { echo "plot-collapse: $directory holds no finished trial" >&2; exit 1; }
fi
# Values without commas: numbers and plain words.
value() { "$ncsweep" results "$directory" --all --where "trial == '$trial'" --format csv --columns "$1" | sed -n 2p; }

# Columns of the series: trial,step,epoch,layer,split,metric,value.
if [ "$(value problem)" = network ]; then
    title="$(value architecture) on $(value dataset), λ = $(value lambda)" abscissa=epoch column=3 others="loss"
else
    title="unconstrained features, $(value loss), K = $(value K), d = $(value d), λ = $(value lambda), $(value solver)"
    abscissa=step column=2 others="gap"
fi

data=$(mktemp)
trap 'rm -f "$data" "$data".*' EXIT
"$ncsweep" measurements "$directory" --all --trial "$trial" --split train --format csv >"$data"
# The layer whose classifier is measured is the last one.
layer=$(awk -F, '$6 == "nc3_duality" { print $4; exit }' "$data")
for metric in nc1 nc2_etf_features nc2_etf_classifier nc3_duality $others; do
    # The axes are logarithmic: the start, at 0, has no place on them, nor has a value that rounding has made 0.
    awk -F, -v metric="$metric" -v layer="$layer" -v column=$column \
        '$6 == metric && ($4 == layer || $4 == "") && $column > 0 && $7 > 0 { print $column, $7 }' "$data" >"$data.$metric"
done

style="with linespoints pointtype 7 pointsize 0.4 linewidth 2 linecolor rgb"
gnuplot <<PLOT
set encoding utf8
set terminal svg size 820,460 font "Helvetica,13" background "white" rounded
set output "$output"
set title "$title" noenhanced
set logscale xy
set autoscale xfix
# Below this double precision has nothing to say.
set yrange [1e-16 < *:]
set mytics 1
set xlabel "$abscissa"
set format y "10^{%T}"
set grid back linecolor rgb "#dddddd"
set key outside right noenhanced
set border 3
set tics nomirror
plot "$data.nc1" title "nc1" $style "#0072b2", \\
     "$data.nc2_etf_features" title "nc2_etf_features" $style "#d55e00", \\
     "$data.nc2_etf_classifier" title "nc2_etf_classifier" $style "#e69f00", \\
     "$data.nc3_duality" title "nc3_duality" $style "#009e73", \\
     "$data.$others" title "$others" $style "#999999"
PLOT
