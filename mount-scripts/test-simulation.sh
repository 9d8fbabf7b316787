#!/usr/bin/env bash
# Simulates the blobs of several nodes while everything goes wrong that can, in SEEDS different
# orders (default 2000), about 50 ms each; docs/blob-protocol.md says what is checked:
#   mount-scripts/test-simulation.sh [SEEDS [FIRST]]
# FIRST (default 1) is the first seed. JAVA_HOME chooses the JDK (17 or newer).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 0
fi
seeds=${1:-2000}
first=${2:-1}
[[ $# -le 2 && $seeds =~ ^[1-9][0-9]*$ && $first =~ ^[0-9]+$ ]] || {
  printf 'usage: %s [SEEDS [FIRST]]\n' "${0##*/}" >&2
  exit 2
}

cd "$root"
say "Simulating $seeds seeds from $first on"
exec mvn -B -ntp test -Dtest=BlobSimulationTest \
  -Dcairn.simulation.seeds="$seeds" -Dcairn.simulation.first="$first"
