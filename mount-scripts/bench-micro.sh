#!/usr/bin/env bash
# Runs the JMH benchmarks of src/test/java/org/cairnfs/bench:
#   mount-scripts/bench-micro.sh [JMH ARGUMENTS]     e.g. -l lists them, 'Seal.*' -f 1 -wi 3 -i 5
# JAVA_HOME chooses the JDK (17 or newer).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,4s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 0
fi

install_missing
cd "$root"
classpath_file=target/test-classpath.txt
mvn -B -q test-compile dependency:build-classpath -Dmdep.includeScope=test \
  -Dmdep.outputFile="$classpath_file"
flags=(
  -Xmx1g
  -XX:+UseG1GC
  -XX:G1HeapRegionSize=8m
  --add-opens=java.base/java.nio=ALL-UNNAMED
  --add-opens=java.base/sun.nio.ch=ALL-UNNAMED
)
major=$(jdk_major "$JAVA_HOME")
((major < 22)) || flags+=(--enable-native-access=ALL-UNNAMED)
((major < 23)) || flags+=(--sun-misc-unsafe-memory-access=allow)
exec "$JAVA_HOME/bin/java" "${flags[@]}" \
  -cp "target/test-classes:target/classes:$(<"$classpath_file")" org.openjdk.jmh.Main "$@"
