#!/usr/bin/env bash
# Kills a node with kill -9 N times (default 300) while programs work on its mount, and checks
# after each what is there; about 8 seconds each:
#   mount-scripts/test-crashes.sh [N] [SEED]
# SEED (default: a new one) fixes what the programs do. JAVA_HOME chooses the JDK (17 or newer).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 0
fi
crashes=${1:-300}
seed=${2:-$RANDOM}
[[ $# -le 2 && $crashes =~ ^[1-9][0-9]*$ && $seed =~ ^[0-9]+$ ]] || {
  printf 'usage: %s [N] [SEED]\n' "${0##*/}" >&2
  exit 2
}

install_missing git sqlite3
require_fuse_device
cd "$root"
say "Crashing $crashes times, seed $seed"
exec mvn -B -ntp verify -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false \
  -Dit.test=CrashIT -Dcairn.crashes="$crashes" -Dcairn.crashSeed="$seed"
