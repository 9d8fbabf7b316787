#!/usr/bin/env bash
# Runs all tests, those with real mounts included, on Debian or Ubuntu as root or with sudo:
#   mount-scripts/test.sh [MAVEN ARGUMENTS]
# Installs what is missing first. JAVA_HOME chooses the JDK (17 or newer) that builds and tests.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,4s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 0
fi

install_missing git sqlite3 rsync fio faketime python3 setfattr=attr ip=iproute2
require_fuse_device
cd "$root"
((EUID == 0)) ||
  say "Not root: the tests that need a small disk or network namespaces are left out"
say "Testing with the JDK in $JAVA_HOME"
exec mvn -B -ntp verify "$@"
