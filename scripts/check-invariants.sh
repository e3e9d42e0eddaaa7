#!/bin/sh
# The invariants of docs/ARCHITECTURE.md that can be seen in the text of the sources. Prints each breach, fails if any.
set -u
cd "$(dirname "$0")/.."
breaches=0

# forbid PATTERN WHY FOLDER...: no Swift line in the folders matches.
forbid() {
    pattern=$1 why=$2
    shift 2
    if grep -rnE --include='*.swift' "$pattern" "$@"; then
        echo "^ $why" >&2
        breaches=1
    fi
}

others() { for folder in Sources/*; do case " $* " in *" $(basename "$folder") "*) ;; *) echo "$folder" ;; esac; done; }

forbid '^import CMPI' 'only MPI imports CMPI' $(others MPI)
forbid '^import (COpenBLAS|CTiles)' 'only LinearAlgebra imports COpenBLAS and CTiles' $(others LinearAlgebra)
forbid '^import MPI|MPI_' 'knows nothing of ranks' \
    Sources/Sweeps Sources/NeuralCollapse Sources/UnconstrainedFeatures Sources/Learning Sources/Reports
forbid '^import (Foundation|Glibc|Dispatch)|Date\(|clock_gettime' 'the scheduler does no I/O and reads no clock' \
    Sources/Sweeps/Scheduler*.swift Sources/Sweeps/IdleRanks.swift \
    Sources/Sweeps/TaskQueue.swift Sources/Sweeps/CostModel.swift
forbid '\.hashValue' 'hashValue differs from run to run' Sources
forbid '^(public |internal |private |fileprivate )?(nonisolated\(unsafe\) )?var ' 'no global mutable state' Sources
pointers='Unsafe(Mutable)?(Raw)?(Buffer)?Pointer'
forbid "$pointers" 'unsafe pointers stay in MPI, LinearAlgebra and the kernels' \
    $(others MPI LinearAlgebra Learning UnconstrainedFeatures ArrayFiles Runner)
# Runner's exceptions: shared memory handed to data sets, a tensor's bytes copied, the line of getline.
forbid "$pointers" 'unsafe pointers stay in three files of Runner' \
    $(find Sources/Runner -name '*.swift' ! -path '*/Trials/DataSetShelf.swift' \
        ! -path '*/Checkpoints/Safetensors+Buffers.swift' ! -path '*/Environment/BLASKernel.swift')
exit $breaches
