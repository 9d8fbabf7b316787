#!/usr/bin/env bash
# Has all go wrong that can with three nodes in a network of their own, N times (default 5) each, while
# clients work on their mounts, and checks after each what the clients were told and what is there;
# about eight minutes for each of the N; as root:
#   mount-scripts/test-failures.sh [N [SEED [FAILURE[,FAILURE...]]]]
# SEED (default: a new one) fixes what the clients do and the order of failures; the names of these are
# in src/test/java/org/cairnfs/cli/Failure.java. JAVA_HOME chooses the JDK (17 or newer).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 0
fi
rounds=${1:-5}
seed=${2:-$RANDOM}
only=${3:-}
[[ $# -le 3 && $rounds =~ ^[1-9][0-9]*$ && $seed =~ ^[0-9]+$ && $only =~ ^[A-Z_,]*$ ]] || {
  printf 'usage: %s [N [SEED [FAILURE[,FAILURE...]]]]\n' "${0##*/}" >&2
  exit 2
}
((EUID == 0)) || die "network namespaces need root. Run this as root."

install_missing python3 faketime ip=iproute2 nsenter=util-linux
require_fuse_device
cd "$root"
say "Failures, $rounds times, seed $seed"
exec mvn -B -ntp verify -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false -Dit.test=FailuresIT \
  -Dcairn.failures.rounds="$rounds" -Dcairn.failures.seed="$seed" -Dcairn.failures.only="$only"
