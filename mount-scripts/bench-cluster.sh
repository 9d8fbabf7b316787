#!/usr/bin/env bash
# Measures clusters of so many nodes on this machine, each at a port of 127.0.0.1, with TLS between them,
# and how cost grows with files and file size on three nodes; prints tables in Markdown:
#   mount-scripts/bench-cluster.sh [NODES,... [ROUNDS]]
# NODES (default 1,3,5,7) are numbers of nodes from 1 to 9, ROUNDS (default 1) says of how many runs the
# medians are; a round of the default takes about five minutes, and 4 GiB of the directory for temporary
# files. As root, what is read cold is also dropped from the kernel's page cache. JAVA_HOME chooses the
# JDK that builds.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 0
fi
counts=${1:-1,3,5,7}
rounds=${2:-1}
[[ $# -le 2 && $counts =~ ^[1-9](,[1-9])*$ && $rounds =~ ^[1-9][0-9]*$ ]] || {
  printf 'usage: %s [NODES,... [ROUNDS]]\n' "${0##*/}" >&2
  exit 2
}

readonly HOST=127.0.0.1
readonly FIRST_PORT=17200
readonly STREAM_MIB=512
readonly APPENDS=200
readonly SETTLE_SECONDS=60

# Nodes of the tables on growth, and what grows.
readonly GROWTH_NODES=3
readonly FILES=(1000 4000 16000)
readonly SIZES_MIB=(64 256 1024)

# Does one thing in a mount and prints one figure.
readonly MEASURE='
import os, statistics, sys, time

def write(path, mib):
    """MiB/s, fsync included; no two MiB are the same."""
    block = bytearray(os.urandom(1 << 20))
    start = time.perf_counter()
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644)
    for i in range(int(mib)):
        block[:8] = i.to_bytes(8, "little")
        assert os.write(fd, block) == len(block)
    os.fsync(fd)
    os.close(fd)
    return int(mib) / (time.perf_counter() - start)

def read(path):
    """MiB/s."""
    total = 0
    start = time.perf_counter()
    fd = os.open(path, os.O_RDONLY)
    while data := os.read(fd, 1 << 20):
        total += len(data)
    os.close(fd)
    return (total >> 20) / (time.perf_counter() - start)

def create(directory, first, end):
    """Files of 1 KiB a second, in directories of a hundred."""
    body = os.urandom(1016)
    start = time.perf_counter()
    for i in range(int(first), int(end)):
        below = f"{directory}/{i // 100}"
        if i % 100 == 0:
            os.makedirs(below)
        with open(f"{below}/{i}", "xb", buffering=0) as file:
            file.write(body + i.to_bytes(8, "little"))
    return (int(end) - int(first)) / (time.perf_counter() - start)

def append(path, times):
    """Milliseconds of an append of 4 KiB and its fsync; the median."""
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
    took = []
    for _ in range(int(times)):
        block = os.urandom(4096)
        start = time.perf_counter()
        os.write(fd, block)
        os.fsync(fd)
        took.append(time.perf_counter() - start)
    os.close(fd)
    return 1000 * statistics.median(took)

def walk(directory):
    """Entries a second of a walk that looks at the attributes of each."""
    entries = 0
    start = time.perf_counter()
    for where, directories, files in os.walk(directory):
        for name in directories + files:
            os.lstat(f"{where}/{name}")
            entries += 1
    return entries / (time.perf_counter() - start)

print(globals()[sys.argv[1]](*sys.argv[2:]))
'

unset CAIRN_HOME

install_missing python3
require_fuse_device
build_if_stale

work=$(mktemp -d -t cairn-bench-XXXXXX)
nodes=0
to_fetch=0
declare -A figures
trap clean_up EXIT

progress() {
  printf '%s %s\n' "$(date +%T)" "$*" >&2
}

# Brings up a cluster of $1 nodes, of which the first has the volume mounted.
bring_up() {
  local n deadline=$((SECONDS + SETTLE_SECONDS))
  nodes=$1
  for ((n = 1; n <= nodes; n++)); do
    mkdir "$work/mount$n"
    if ((n == 1)); then
      quietly on 1 init --listen "$HOST:$((FIRST_PORT + 1))"
    else
      on 1 invite | quietly_from_input on "$n" join - --listen "$HOST:$((FIRST_PORT + n))"
    fi
    quietly on "$n" start
  done
  until (($(on 1 peers --json | grep -c '"state": "up"') == nodes)); do
    ((SECONDS < deadline)) || die "$nodes nodes did not come up within $SETTLE_SECONDS s"
    sleep 0.5
  done
  sleep 2 # votes are given one at a time
  quietly on 1 mount "$work/mount1"
}

# As quietly, but the command reads what this is given.
quietly_from_input() {
  "$@" >"$work/output" 2>&1 || {
    cat "$work/output" >&2
    return 1
  }
}

# Stops the nodes and removes what they had.
take_down() {
  stop_nodes
  nodes=0
  rm -rf --one-file-system "$work"/node* "$work"/mount*
}

# Notes in the row $1 what the measurement $3... gives, as column $2.
measure() {
  local cell="$1 $2" figure
  shift 2
  figure=$(python3 -c "$MEASURE" "$@")
  progress "$cell: $figure"
  figures[$cell]+="$figure "
}

drop_caches() {
  ((EUID != 0)) || { sync && echo 3 >/proc/sys/vm/drop_caches; }
}

# Starts the last node anew and without a blob, and mounts the volume there. What belongs to it
# it fetches so slowly that only the reader counts.
restart_empty() {
  local n=$nodes
  quietly stop_and_empty "$n"
  grep -q '^repair.rate=' "$work/node$n/cairn.properties" ||
    printf 'repair.rate=64KiB\n' >>"$work/node$n/cairn.properties"
  drop_caches
  quietly on "$n" mount "$work/mount$n"
  to_fetch=0
}

# Notes how fast the last node reads a file of $4 MiB that only others have; in row $1, column $2.
measure_remote() {
  local row=$1 column=$2 name=$3 mib=$4
  measure "$row" "$column" read "$work/mount$nodes/$name"
  to_fetch=$((to_fetch + (mib << 20)))
  (($(fetched "$nodes") >= to_fetch)) || die "not all of $name came from other nodes"
}

run_nodes() {
  local count=$1 mount=$work/mount1
  bring_up "$count"
  measure "$count" write write "$mount/first" "$STREAM_MIB"
  measure "$count" create create "$mount/files" 0 2000
  measure "$count" append append "$mount/log" "$APPENDS"
  if ((count > 1)); then
    measure "$count" rewrite write "$mount/second" "$STREAM_MIB"
    sync -f "$mount"
    restart_empty
    measure_remote "$count" read first "$STREAM_MIB"
    measure_remote "$count" reread second "$STREAM_MIB"
  fi
  take_down
}

run_growth() {
  local mount=$work/mount1 count mib made=0
  bring_up "$GROWTH_NODES"
  for count in "${FILES[@]}"; do
    measure "files $count" create create "$mount/files" "$made" "$count"
    made=$count
    sync -f "$mount"
    measure "files $count" append append "$mount/log" "$APPENDS"
    measure "files $count" walk walk "$mount/files"
  done
  for mib in "${SIZES_MIB[@]}"; do
    measure "size $mib" write write "$mount/stream-$mib" "$mib"
  done
  sync -f "$mount"
  for mib in "${SIZES_MIB[@]}"; do
    restart_empty
    measure_remote "size $mib" read "stream-$mib" "$mib"
  done
  take_down
}

# Prints the median of what was noted in row $1, column $2, with $3 digits; a dash if nothing was.
cell() {
  local noted=${figures["$1 $2"]:-}
  [[ -n $noted ]] || {
    printf -- '-'
    return
  }
  # shellcheck disable=SC2086 # figures are words
  printf '%s\n' $noted | sort -n | awk -v digits="$3" '
    { figure[NR] = $1 }
    END {
      middle = int((NR + 1) / 2)
      printf "%.*f", digits, NR % 2 ? figure[middle] : (figure[middle] + figure[middle + 1]) / 2
    }'
}

IFS=, read -r -a node_counts <<<"$counts"
for ((round = 1; round <= rounds; round++)); do
  for count in "${node_counts[@]}"; do
    progress "round $round: nodes: $count"
    run_nodes "$count"
  done
  progress "round $round: files and sizes"
  run_growth
done

printf '| nodes | write and fsync, %s MiB, MiB/s | create files of 1 KiB, files/s | ' "$STREAM_MIB"
printf '4 KiB append and fsync, ms | read from others, just started, MiB/s | the next file, MiB/s |\n'
printf '|---|---|---|---|---|---|\n'
for count in "${node_counts[@]}"; do
  printf '| %s | %s | %s | %s | %s | %s |\n' "$count" "$(cell "$count" write 0)" \
    "$(cell "$count" create 0)" "$(cell "$count" append 2)" "$(cell "$count" read 0)" \
    "$(cell "$count" reread 0)"
done
printf '\n| files, on %s nodes | create, files/s | 4 KiB append and fsync, ms | ' "$GROWTH_NODES"
printf 'walk and stat, entries/s |\n|---|---|---|---|\n'
for count in "${FILES[@]}"; do
  printf '| %s | %s | %s | %s |\n' "$count" "$(cell "files $count" create 0)" \
    "$(cell "files $count" append 2)" "$(cell "files $count" walk 0)"
done
printf '\n| size of a file, on %s nodes, MiB | write and fsync, MiB/s | ' "$GROWTH_NODES"
printf 'read from others, just started, MiB/s |\n|---|---|---|\n'
for mib in "${SIZES_MIB[@]}"; do
  printf '| %s | %s | %s |\n' "$mib" "$(cell "size $mib" write 0)" "$(cell "size $mib" read 0)"
done
