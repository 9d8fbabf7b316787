#!/usr/bin/env bash
# Shows Cairn on three nodes on this machine, at 127.0.0.1:3000, :4000 and :5000, each with a mount
# of its own: stores files through one, takes another one's blobs away and reads them over the
# network, which it proves by counting the bytes, kills a node and goes on, and cleans up; about one
# minute:
#   mount-scripts/demo.sh [MIB]
# MIB (default 256) is the size of the large file. JAVA_HOME chooses the JDK that builds.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 0
fi
mib=${1:-256}
[[ $# -le 1 && $mib =~ ^[1-9][0-9]*$ ]] || {
  printf 'usage: %s [MIB]\n' "${0##*/}" >&2
  exit 2
}

readonly HOST=127.0.0.1
readonly PORTS=('' 3000 4000 5000)
unset CAIRN_HOME

install_missing
require_fuse_device
build_if_stale

work=$(mktemp -d -t cairn-demo-XXXXXX)
nodes=3
trap 'clean_up && printf "\nStopped all three and removed %s.\n" "$work"' EXIT

title() {
  printf '\n== %s\n' "$*"
}

# Runs the command in $2... and says how fast $1 bytes went.
measure() {
  local bytes=$1 begin end
  shift
  begin=$(date +%s%N)
  "$@"
  end=$(date +%s%N)
  say "   $((bytes >> 20)) MiB in $(((end - begin) / 1000000)) ms: $((bytes * 1000 / (end - begin))) MB/s"
}

# Compares what node $1 has with the originals.
compare() {
  measure "$large" cmp "$work/large" "$work/mount$1/large"
  diff -r "$root/src" "$work/mount$1/src"
  say "   the file and the tree of $tree files are the same, byte for byte"
}

# Compares like compare, and fails unless all that was read came from other nodes: node $1 was
# started without a blob.
compare_remote() {
  local before after
  before=$(fetched "$1")
  compare "$1"
  after=$(fetched "$1")
  say "   fetched from other nodes, of $((large + tree_bytes)) bytes: $before before, $after after"
  ((after >= large + tree_bytes)) || die "not everything came over the network"
}

# Has node $1 go on without its blobs.
lose_blobs() {
  stop_and_empty "$1"
  on "$1" mount "$work/mount$1"
}

mkdir "$work"/mount{1,2,3}
large=$((mib << 20))
tree=$(find "$root/src" -type f | wc -l)
# Equal files are stored, and fetched, once.
tree_bytes=$(find "$root/src" -type f -exec sha256sum {} + | sort -u -k1,1 | cut -c67- |
  tr '\n' '\0' | du -cb --files0-from=- | tail -n 1 | cut -f1)

title "Node 1 founds a cluster at $HOST:${PORTS[1]} and mounts the volume"
on 1 init --listen "$HOST:${PORTS[1]}"
on 1 mount "$work/mount1"

for n in 2 3; do
  title "Node $n joins at $HOST:${PORTS[n]} with a token of node $((n - 1))"
  begin=$(date +%s%N)
  # Not as an argument, where everybody on this machine could see it.
  on "$((n - 1))" invite | on "$n" join - --listen "$HOST:${PORTS[n]}"
  on "$n" mount "$work/mount$n"
  say "Invited, joined and mounted in $((($(date +%s%N) - begin) / 1000000)) ms"
done
say "The bootstrap nodes of node 3: $(sed -n 's/^bootstrap=//p' "$work/node3/cairn.properties")"
on 3 peers

title "Store a file of $mib MiB and a tree of $tree files through node 1"
head -c "$large" /dev/urandom >"$work/large"
measure "$large" dd if="$work/large" of="$work/mount1/large" bs=1M conv=fsync status=none
cp -r "$root/src" "$work/mount1/src"
sync "$work/mount1/src"

title "Read them through node 2"
compare 2

title "Take all blobs of node 3 away, and read through it: over the network"
lose_blobs 3
compare_remote 3

title "Kill node 1 with kill -9, take the blobs of node 3 once more, and read: only node 2 is left to ask"
kill -9 "$(<"$work/node1/cairn.pid")"
lose_blobs 3
compare_remote 3

title "Write another file of $mib MiB through node 3 while node 1 is dead"
head -c "$large" /dev/urandom >"$work/other"
measure "$large" dd if="$work/other" of="$work/mount3/other" bs=1M conv=fsync status=none
on 3 peers

title "Start node 1 again: it has what was written meanwhile"
on 1 mount "$work/mount1"
measure "$large" cmp "$work/other" "$work/mount1/other"
on 1 peers
