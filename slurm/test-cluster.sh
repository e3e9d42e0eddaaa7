#!/bin/bash
# Tries the two templates on a Slurm of its own: one machine that plays two nodes, everything in a temporary folder.
#
#     make slurm-test        (root; installs slurm-wlm, munge and libpmix-dev from Debian where they are missing)
#
# Seen to: a sweep submitted with each template finishes; one that the time limit stops is queued again and finishes;
# nothing is run twice. Takes about five minutes. Nothing of an existing Slurm is touched, and all is removed at the end
# (KEEP=1 keeps the folder).
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD
program=${NCSWEEP:-$repository/.build/release/ncsweep}

fail() { echo "slurm-test: $*" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || fail "needs root: Slurm's daemons start jobs as their users"
[ -x "$program" ] || fail "$program is missing; run 'make build'"

missing=""
for package in slurm-wlm munge libpmix-dev; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    echo "slurm-test: installing$missing"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

# Short, as the path of a socket has at most 107 characters.
root=$(mktemp -d /tmp/ncsweep-slurm.XXXXXX)
chmod 755 "$root"
export SLURM_CONF=$root/slurm.conf
host=$(hostname -s)
daemons=()

tear_down() {
    code=$?
    # What the cluster runs goes first, then its daemons; only processes started here.
    scancel --me --hurry >/dev/null 2>&1 || true
    [ "${#daemons[@]}" -gt 0 ] && sleep 2 && kill "${daemons[@]}" 2>/dev/null
    wait 2>/dev/null
    if [ "$code" -ne 0 ]; then
        for log in "$root"/*.log "$root"/jobs/*.log; do
            [ -f "$log" ] && echo "--- $log" && tail -n 20 "$log"
        done >&2
    fi
    [ -n "${KEEP:-}" ] && echo "slurm-test: kept $root" || rm -rf "$root"
    exit "$code"
}
trap tear_down EXIT
trap 'exit 130' INT TERM

# MARK: The cluster

mkdir -p "$root/munge" "$root/state" "$root/n1" "$root/n2" "$root/jobs"
dd if=/dev/urandom of="$root/munge/key" bs=1024 count=1 status=none
chmod 700 "$root/munge" && chmod 600 "$root/munge/key"
port=$((20000 + RANDOM % 10000))
cat >"$SLURM_CONF" <<CONF
ClusterName=ncsweep
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmctldPort=$port
AuthType=auth/munge
CredType=cred/munge
# Without it a job that is queued again waits two minutes.
AuthInfo=socket=$root/munge.socket,cred_expire=10
StateSaveLocation=$root/state
SlurmdSpoolDir=$root/%n
SlurmctldPidFile=$root/slurmctld.pid
SlurmdPidFile=$root/%n.pid
SlurmctldLogFile=$root/slurmctld.log
SlurmdLogFile=$root/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2,bf_interval=2
ReturnToService=2
KillWait=10
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=2
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=2
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
CONF

# --force: the folder is root's, not the user munge's.
munged --foreground --force --socket="$root/munge.socket" --key-file="$root/munge/key" --num-threads=2 \
    --pid-file="$root/munge/pid" --seed-file="$root/munge/seed" --log-file="$root/munge.log" 2>/dev/null &
daemons+=($!)
for _ in $(seq 50); do [ -S "$root/munge.socket" ] && break; sleep 0.1; done
slurmctld -D >/dev/null 2>&1 & daemons+=($!)
slurmd -D -N n1 >/dev/null 2>&1 & daemons+=($!)
slurmd -D -N n2 >/dev/null 2>&1 & daemons+=($!)
for _ in $(seq 60); do [ "$(sinfo -h -o %T 2>/dev/null | sort -u)" = idle ] && break; sleep 0.5; done
[ "$(sinfo -h -o %T | sort -u)" = idle ] || fail "the nodes did not come up: $(sinfo 2>&1)"
echo "slurm-test: $(sinfo --version) with two nodes on $host"

# MARK: Jobs

export NCSWEEP=$program
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Two nodes that are one host must not talk through shared memory.
export OMPI_MCA_btl=tcp,self
export OMPI_MCA_rmaps_base_oversubscribe=1
cd "$root/jobs"

# sweep FILE STEPS SEEDS: trials of a known number of steps.
sweep() {
    cat >"$1" <<YAML
problem: ufm
K: 10
d: 16
n: 50
lambda: 1e-3
solver: gradient_descent
tolerance: 0
steps: $2
seeds: $3
YAML
}

# submit OPTIONS...: prints the job's number.
submit() { sbatch --parsable "$@"; }

# await JOB SECONDS: until the job has left the queue.
await() {
    for _ in $(seq "$2"); do
        state=$(squeue -h -j "$1" -o %T 2>/dev/null || true)
        [ -z "$state" ] && return
        [ "$state" = COMPLETED ] && return
        case $state in FAILED | TIMEOUT | NODE_FAIL) fail "job $1 ended as $state" ;; esac
        sleep 1
    done
    fail "job $1 is still $state after $2 s"
}

# expect_complete FOLDER TRIALS: every trial is stored, once.
expect_complete() {
    ended=$("$program" results "$1" --format csv --columns trial,state | tail -n +2)
    [ "$(printf '%s\n' "$ended" | sort -u | grep -c ',done$')" -eq "$2" ] || fail "$1: not all $2 trials are done"
    [ "$(printf '%s\n' "$ended" | wc -l)" -eq "$2" ] || fail "$1: some trials are stored twice"
    "$program" status "$1" | head -n 1 | grep -q finished || fail "$1: status does not say 'finished'"
}

# Twelve trials of 2000 steps: long enough to tell the speed of this machine.
sweep short.yaml 2000 12
one=$(submit --ntasks-per-node=2 "$repository/slurm/sweep.sbatch" short.yaml --out one)
two=$(submit --ntasks-per-node=1 --export=ALL,NCSWEEP_LAUNCH=mpirun "$repository/slurm/sweep-multinode.sbatch" short.yaml \
    --out two)
# PMIx's folders of two nodes on one host clash, so srun is tried with one.
three=$(submit --nodes=1 --ntasks-per-node=2 "$repository/slurm/sweep-multinode.sbatch" short.yaml --out three)
for job in "$one" "$two" "$three"; do await "$job" 120; done
for folder in one two three; do expect_complete "$folder" 12; done
echo "slurm-test: finished on one node (mpirun), on two (mpirun) and with srun --mpi=pmix"

columns=trial,state,objective,nc1
"$program" results one --format csv --columns $columns >one.csv
for folder in two three; do
    "$program" results $folder --format csv --columns $columns | cmp - one.csv || fail "$folder differs from one"
done
echo "slurm-test: the same rows, bit for bit"

# As much work as takes about 200 s here; the limit of two minutes and the signal half a minute before its end (or up
# to a minute earlier) stop it after 30 to 90 s.
seconds=$("$program" results one --format csv --columns seconds | awk 'NR > 1 { s += $1 } END { print s / (NR - 1) }')
steps=4000
seeds=$(awk -v s="$seconds" -v steps=$steps 'BEGIN { print int(200 * 2 / (s * steps / 2000)) + 1 }')
sweep limited.yaml $steps "$seeds"
for template in sweep sweep-multinode; do
    job=$(submit --time=2 --signal=B:USR1@30 --nodes=1 --ntasks-per-node=2 --job-name="$template" \
        "$repository/slurm/$template.sbatch" limited.yaml --out "limited-$template")
    await "$job" 900
    expect_complete "limited-$template" "$seeds"
    log=$template-$job.log
    restarts=$(grep -c 'is queued again' "$log" || true)
    [ "$restarts" -ge 1 ] || fail "job $job was never stopped by the time limit"
    grep -q 'stopped by signal 15' "$log" || fail "job $job did not stop by itself"
    grep -q 'stored already' "$log" || fail "job $job did not go on with what was stored"
    echo "slurm-test: $template.sbatch stopped by the time limit and queued again $restarts time(s); $seeds trials complete"
done
