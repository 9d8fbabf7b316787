#!/usr/bin/env bash
# Lowers the copies of a volume from three to two and raises them again, on three real nodes, once with
# one of them of role storage; about twenty-five minutes, most of which are waiting:
#   mount-scripts/test-replicas.sh
# JAVA_HOME chooses the JDK (17 or newer).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 0
fi
[[ $# -eq 0 ]] || {
  printf 'usage: %s\n' "${0##*/}" >&2
  exit 2
}

install_missing
require_fuse_device
cd "$root"
say "Two copies instead of three, and three again"
exec mvn -B -ntp verify -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false -Dit.test=ReplicasLong
