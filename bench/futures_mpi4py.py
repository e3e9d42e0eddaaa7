#!/usr/bin/env python3
"""Microseconds per no-op task of mpi4py's MPIPoolExecutor: the peer of `ncbench`'s dispatch.

    mpirun -n 2 python3 -m mpi4py.futures bench/futures_mpi4py.py
"""

import time

from mpi4py.futures import MPIPoolExecutor


def nothing(seed):
    return seed


def main():
    tasks = 5000
    with MPIPoolExecutor() as executor:
        # The pool starts up with its first tasks.
        list(executor.map(nothing, range(100)))
        start = time.perf_counter()
        results = list(executor.map(nothing, range(tasks)))
        seconds = time.perf_counter() - start
    assert results == list(range(tasks))
    print("dispatch_us", 1e6 * seconds / tasks, flush=True)


if __name__ == "__main__":
    main()
