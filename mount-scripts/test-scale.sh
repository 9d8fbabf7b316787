#!/usr/bin/env bash
# Streams 20 GiB through a mount, makes a million files in one directory, and appends 64 MiB in
# synced steps of 4 KiB, and checks what that costs in memory and in writing; about a quarter of an hour:
#   mount-scripts/test-scale.sh [STREAM_GIB [FILES]]
# Needs STREAM_GIB of disk under the directory for temporary files. JAVA_HOME chooses the JDK.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 0
fi
gib=${1:-20}
files=${2:-1000000}
[[ $# -le 2 && $gib =~ ^[1-9][0-9]*$ && $files =~ ^[1-9][0-9]*$ ]] || {
  printf 'usage: %s [STREAM_GIB [FILES]]\n' "${0##*/}" >&2
  exit 2
}

install_missing
require_fuse_device
cd "$root"
say "Streaming $gib GiB, making $files files, appending 64 MiB"
exec mvn -B -ntp verify -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false -Dit.test=ScaleIT \
  -Dcairn.scale.streamMib=$((gib * 1024)) -Dcairn.scale.files="$files" -Dcairn.scale.appends=16384
