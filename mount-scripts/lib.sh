# Shared by the scripts beside it: what a machine needs, and how to get it. Sourced, never run.
# shellcheck shell=bash

root=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/..")

say() {
  printf '%s\n' "$*"
}

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    sudo "$@"
  fi
}

# Prints the home of a JDK (with a compiler) >= 17: JAVA_HOME, else the one on the PATH, else the
# newest under /usr/lib/jvm. Fails if there is none.
find_jdk() {
  local candidates=() javac home best='' major best_major=0
  [[ -z ${JAVA_HOME:-} ]] || candidates+=("$JAVA_HOME")
  if javac=$(type -P javac); then
    javac=$(readlink -f "$javac")
    candidates+=("${javac%/bin/javac}")
  fi
  for home in "${candidates[@]}"; do
    if (($(jdk_major "$home") >= 17)); then
      printf '%s\n' "$home"
      return 0
    fi
  done
  for home in /usr/lib/jvm/*; do
    major=$(jdk_major "$home")
    if ((major > best_major)); then
      best=$home
      best_major=$major
    fi
  done
  ((best_major >= 17)) && printf '%s\n' "$best"
}

# Prints the major version of the JDK in $1; 0 if it is none, or has no compiler.
jdk_major() {
  local major=''
  if [[ -x $1/bin/javac && -r $1/release ]]; then
    major=$(sed -nE 's/^JAVA_VERSION="(1\.)?([0-9]+).*/\2/p' "$1/release")
  fi
  printf '%s\n' "${major:-0}"
}

# Prints the first of the named packages that apt can install.
first_available() {
  local package
  for package in "$@"; do
    if [[ -n $(apt-cache policy "$package" 2>/dev/null | sed -n 's/^ *Candidate: *\([^(].*\)/\1/p') ]]; then
      printf '%s\n' "$package"
      return 0
    fi
  done
  die "apt knows none of the packages: $*. Are the distribution's package sources set up?"
}

has_libfuse2() {
  local ldconfig
  ldconfig=$(type -P ldconfig || echo /sbin/ldconfig)
  [[ $("$ldconfig" -p) == *libfuse.so.2* ]]
}

# Installs what building and mounting need, plus the programs named as arguments (PROGRAM or
# PROGRAM=PACKAGE), and nothing that is there already. Exports JAVA_HOME for Maven.
install_missing() {
  local missing=() packages=() item
  find_jdk >/dev/null || missing+=(jdk)
  type -P mvn >/dev/null || missing+=(mvn)
  has_libfuse2 || missing+=(libfuse2)
  type -P fusermount >/dev/null || missing+=(fuse)
  for item in "$@"; do
    type -P "${item%%=*}" >/dev/null || missing+=("${item#*=}")
  done
  if ((${#missing[@]} > 0)); then
    say "Installing: ${missing[*]}"
    type -P apt-get >/dev/null ||
      die "this machine has no apt-get. Install these yourself and run this again: ${missing[*]}"
    ((EUID == 0)) || type -P sudo >/dev/null ||
      die "installing needs root, and there is no sudo. Run this as root."
    apt_quietly update
    for item in "${missing[@]}"; do
      case $item in
        jdk)
          item=$(first_available openjdk-25-jdk-headless openjdk-21-jdk-headless \
            openjdk-17-jdk-headless)
          ;;
        mvn) item=maven ;;
        libfuse2) item=$(first_available libfuse2t64 libfuse2) ;;
      esac
      packages+=("$item")
    done
    apt_quietly install -y --no-install-recommends "${packages[@]}"
  fi
  JAVA_HOME=$(find_jdk) || die "no JDK 17 or newer, although one was installed; see /usr/lib/jvm."
  export JAVA_HOME
  if (($(jdk_major "$JAVA_HOME") >= 24)); then
    # Maven's own libraries do what these JDKs warn about.
    export MAVEN_OPTS="--sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED ${MAVEN_OPTS:-}"
  fi
}

# Runs a command and shows its output only if it fails.
quietly() {
  local log
  log=$(mktemp)
  if "$@" >"$log" 2>&1 </dev/null; then
    rm -f "$log"
  else
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
}

apt_quietly() {
  quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" ||
    die "'apt-get $*' failed; its output is above."
}

# Loads the kernel's FUSE if that can be done; says so if it cannot.
require_fuse_device() {
  [[ -e /dev/fuse ]] || as_root modprobe fuse 2>/dev/null || true
  [[ -e /dev/fuse ]] ||
    die "there is no /dev/fuse. Load the kernel module fuse; in a container, pass the device in."
}

in_root() (
  cd "$root" && "$@"
)

# Builds target/cairn.jar unless it is newer than everything it is made of.
build_if_stale() {
  local jar=$root/target/cairn.jar
  if [[ -e $jar ]] &&
    [[ -z $(find "$root/pom.xml" "$root/src/main" -newer "$jar" -print -quit) ]]; then
    return 0
  fi
  say "Building Cairn (the first time, Maven fetches what it needs; this takes minutes)"
  # Without the tests and the static checks, so that a newer JDK's new warnings stop nobody.
  quietly in_root mvn -B -q -Dmaven.test.skip=true -Djavac.werror=-g -Derrorprone.main=-g package ||
    die "the build failed; Maven's output is above."
  # Maven leaves a jar alone whose contents did not change.
  touch "$jar"
}

# What follows is for scripts that run nodes 1 to $nodes on this machine, with their homes and mounts
# in the directory $work, which they make.

# Gives a command to node $1.
on() {
  local n=$1
  shift
  "$root/mount-scripts/cairn" --home "$work/node$n" "$@"
}

# The bytes of blobs that node $1 has got from others since it was started.
fetched() {
  on "$1" status --json | sed -n 's/.*"fetchedBytes": \([0-9]*\).*/\1/p'
}

# Stops node $1 and takes its blobs away, as if its disk had been replaced.
stop_and_empty() {
  on "$1" stop && rm -rf "$work/node$1"/{segments,index,cached}/*
}

stop_nodes() {
  local n
  for ((n = nodes; n >= 1; n--)); do
    [[ ! -e $work/node$n/cairn.properties ]] || on "$n" stop >/dev/null 2>&1 || true
  done
  for ((n = nodes; n >= 1; n--)); do
    ! mountpoint -q "$work/mount$n" || fusermount -u -z "$work/mount$n" || true
  done
}

# Stops the nodes when a script ends, and removes what they had unless it failed; fails as it did.
clean_up() {
  local status=$?
  stop_nodes
  if ((status == 0)); then
    rm -rf --one-file-system "$work"
  else
    printf '\nFailed. The homes with their logs are in %s.\n' "$work" >&2
  fi
  return "$status"
}
