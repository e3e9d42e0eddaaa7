#!/bin/sh
# Runs every benchmark: bench/run.sh BUILD_FOLDER [benchmark...]. Peers come from a virtual environment outside the tree.
set -eu
cd "$(dirname "$0")/.."
build=$1
shift

cache=${XDG_CACHE_HOME:-$HOME/.cache}/ncsweep
venv=$cache/bench-venv
mkdir -p "$cache"

install_peers() {
    echo "ncsweep: installing PyTorch, JAX, SciPy and mpi4py for the comparisons into $venv" >&2
    python3 -m venv "$venv" &&
        "$venv/bin/pip" install --quiet --extra-index-url https://download.pytorch.org/whl/cpu \
            'torch==2.13.0+cpu' 'jax[cpu]==0.10.2' 'scipy==1.17.1' numpy mpi4py
}

has_peers() { "$venv/bin/python" -c 'import jax, numpy, scipy, torch, mpi4py' >/dev/null 2>&1; }

if has_peers || { install_peers >&2 && has_peers; }; then
    exec "$build/ncbench" measure --python "$venv/bin/python" --scratch "$cache/bench" "$@"
fi
echo "ncsweep: the peers could not be installed (python3-venv and network access are needed); measuring without them" >&2
exec "$build/ncbench" measure --scratch "$cache/bench" "$@"
