#!/usr/bin/env bash
# From a fresh Debian or Ubuntu machine to a mounted Cairn, as root or with sudo:
#   mount-scripts/quickstart.sh [DIR]      (default: ~/cairn)
# Does only what is not done yet, so it can be run again at any time.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

case ${1:-} in
  -h | --help)
    sed -n '2,4s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
    ;;
  -*)
    printf 'usage: %s [DIR]\n' "${0##*/}" >&2
    exit 2
    ;;
esac
(($# <= 1)) || {
  printf 'usage: %s [DIR]\n' "${0##*/}" >&2
  exit 2
}

dir=${1:-$HOME/cairn}
if [[ -n ${CAIRN_HOME:-} ]]; then
  home=$CAIRN_HOME
elif ((EUID == 0)); then
  home=/var/lib/cairn
else
  home=$HOME/.local/share/cairn
fi
export CAIRN_HOME=$home
cairn=$root/mount-scripts/cairn

install_missing
require_fuse_device
build_if_stale
if [[ ! -e $home/cairn.properties ]]; then
  "$cairn" init
fi
if ! mountpoint -q "$dir"; then
  mkdir -p "$dir"
  "$cairn" mount "$dir"
fi

cat <<TEXT

Cairn is mounted at $dir. Use it like any directory. What it stores is encrypted under $home.

  $cairn status          what is stored, and how much room is left
  $cairn umount $dir     take it away; the same command with mount brings it back
  $cairn stop            stop the service on this host
  $cairn --help          everything else
TEXT
