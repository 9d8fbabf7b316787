#!/usr/bin/env bash
# Lets a node and a command of this build do everyday work once, and keeps what their JVMs
# learned as class archives under target/archive, so that later ones start and warm up faster:
#   mount-scripts/train.sh
# Part of the build. Needs a machine that can mount; without, Cairn works, only slower at first.
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
  ((status == 0)) || cat "$log" "$CAIRN_HOME"/log/* >&2 || true
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

free_port() {
  perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1)->sockport'
}

# Reads of 4 KiB at random places of a large file, then synced appends of 4 KiB, then transactions
# with locks and a journal that is removed, as databases do.
readonly DATABASE='
use Fcntl;
use IO::Handle;
my ($large, $log) = @ARGV;
open(my $r, "<:raw", $large) or die $!;
for (1 .. 8000) {
  sysseek($r, 4096 * int(rand((-s $large) / 4096)), 0) or die $!;
  sysread($r, my $page, 4096) == 4096 or die $!;
}
open(my $w, ">>:raw", $log) or die $!;
for (1 .. 4000) {
  syswrite($w, chr($_ % 256) x 4096) == 4096 && $w->sync or die $!;
}
sub lock_bytes {
  my ($file, $type, $start, $length) = @_;
  # struct flock of 64-bit Linux
  fcntl($file, F_SETLK, pack("s s x4 q q l x4", $type, 0, $start, $length, 0)) or die $!;
}
open(my $d, "+>:raw", "$log.db") or die $!;
for (1 .. 1000) {
  lock_bytes($d, F_RDLCK, 1 << 30, 510);
  lock_bytes($d, F_WRLCK, (1 << 30) - 2, 1);
  open(my $j, ">:raw", "$log.journal") or die $!;
  syswrite($j, pack("q", $_) . chr($_ % 256) x 504) == 512 or die $!;
  syswrite($j, chr($_ % 256) x 4096) == 4096 && $j->sync or die $!;
  lock_bytes($d, F_WRLCK, 1 << 30, 510);
  for my $page (0, $_ % 50, $_ / 3) {
    sysseek($d, 4096 * int($page), 0) or die $!;
    syswrite($d, pack("q", $_) . chr($_ % 256) x 4088) == 4096 or die $!;
  }
  $d->sync && close($j) && unlink("$log.journal") or die $!;
  lock_bytes($d, F_UNLCK, (1 << 30) - 2, 512);
}
'

# What programs do most: later nodes start with the profiles of what runs hot here.
exercise() {
  local dir=$1 i
  for ((i = 0; i < 3; i++)); do
    cp -r "$root/src" "$dir/tree"
    diff -r "$root/src" "$dir/tree"
    find "$dir/tree" -type f -exec mv {} {}.moved \;
    tar cf - -C "$dir" tree | tar xf - -C "$dir" --transform 's/tree/copy/'
    cp -r "$dir/copy" "$dir/again"
    ln -s tree "$dir/link" && ls -lR "$dir/link/"
    rm -r "$dir/tree" "$dir/copy" "$dir/again" "$dir/link"
  done
  for ((i = 0; i < 2000; i++)); do
    printf '%04096d' "$i" >"$dir/small-$i"
  done
  cat "$dir"/small-* >"$dir/all"
  rm "$dir"/small-*
  dd if="$dir/all" of="$dir/log" bs=4k count=1500 oflag=append,sync conv=notrunc status=none
  dd if=/dev/urandom of="$dir/large" bs=1M count=256 conv=fsync status=none
  for ((i = 0; i < 300; i++)); do
    dd if="$dir/all" of="$dir/large" bs=4k count=1 seek=$((i * 63)) conv=notrunc status=none
    dd if="$dir/large" of=/dev/null bs=4k count=1 skip=$((i * 37)) iflag=nocache status=none
  done
  sync "$dir/large"
  dd if="$dir/large" of=/dev/null bs=1M iflag=nocache status=none
  perl -e "$DATABASE" "$dir/large" "$dir/log"
  for ((i = 0; i < 3; i++)); do
    dd if="$dir/large" of=/dev/null bs=1M iflag=nocache status=none
  done
}

if [[ ! -e /dev/fuse ]] || ! has_libfuse2; then
  say "No training without /dev/fuse and libfuse2: Cairn will start slower than it could."
  exit 0
fi
mkdir -p "$root/target/archive" "$work/mount"
"$cairn" init --listen "127.0.0.1:$(free_port)" >>"$log" 2>&1
# As a command starts it.
CAIRN_ARCHIVE="write" "$cairn" --home "$CAIRN_HOME" start --foreground --spawned >>"$log" 2>&1 &
node=$!
wait_for "$NODE_START_SECONDS" "$cairn" status
"$cairn" mount "$work/mount" >>"$log" 2>&1
exercise "$work/mount" >>"$log" 2>&1
CAIRN_ARCHIVE="write" "$cairn" status >>"$log" 2>&1
"$cairn" umount "$work/mount" >>"$log" 2>&1
# It writes the archive before it ends, which may take longer than the command waits.
"$cairn" stop >>"$log" 2>&1 || :
wait_for "$NODE_STOP_SECONDS" node_is_gone
