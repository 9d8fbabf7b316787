#!/usr/bin/env bash
# Lets a node and a command of this build run once on a small tree, and keeps what their JVMs
# learned as class archives under target/archive, so that later ones start and warm up faster:
#   mount-scripts/train.sh
# Needs a built Cairn and a machine that can mount. Everything works without; only slower at first.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

readonly NODE_START_SECONDS=30
readonly NODE_STOP_SECONDS=120

cairn=$root/mount-scripts/cairn
work=$(mktemp -d)
export CAIRN_HOME=$work/home
log=$work/log
node=''

clean_up() {
  local status=$?
  if [[ -n $node ]] && kill -0 "$node" 2>/dev/null; then
    "$cairn" stop >>"$log" 2>&1 || kill "$node" 2>/dev/null || true
    wait "$node" || true
  fi
  ((status == 0)) || cat "$log" >&2
  rm -rf --one-file-system "$work"
}
trap clean_up EXIT

# Waits until the command in $2... succeeds, at most $1 seconds.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >>"$log" 2>&1; do
    ((SECONDS < deadline)) || die "gave up waiting for: $*"
    sleep 0.2
  done
}

node_is_gone() {
  ! kill -0 "$node" 2>/dev/null
}

exercise() {
  cp -r "$root/src" "$1/tree"
  diff -r "$root/src" "$1/tree"
  mv "$1/tree" "$1/moved"
  find "$1" -type f -exec cat {} + >/dev/null
  dd if=/dev/zero of="$1/large" bs=1M count=64 conv=fsync status=none
  cat "$1/large" >/dev/null
  rm -r "$1/moved" "$1/large"
}

rm -rf "$root/target/archive"
mkdir -p "$root/target/archive" "$work/mount"
"$cairn" init >>"$log" 2>&1
CAIRN_ARCHIVE="write" "$cairn" start --foreground >>"$log" 2>&1 &
node=$!
wait_for "$NODE_START_SECONDS" "$cairn" status
"$cairn" mount "$work/mount" >>"$log" 2>&1
exercise "$work/mount" >>"$log" 2>&1
CAIRN_ARCHIVE="write" "$cairn" status >>"$log" 2>&1
"$cairn" umount "$work/mount" >>"$log" 2>&1
"$cairn" stop >>"$log" 2>&1
wait_for "$NODE_STOP_SECONDS" node_is_gone
