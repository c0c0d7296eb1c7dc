# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/test-*.sh. Run by make check, or by hand from a build directory.
set -euo pipefail

: "${abs_top_builddir:=$PWD}"
: "${abs_top_srcdir:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
PATH=$abs_top_builddir:$PATH
export MICRO_PLUGIN_PATH=${MICRO_PLUGIN_PATH-$abs_top_builddir/plugins/.libs}

work=$(mktemp -d "${TMPDIR:-/tmp}/micro-test.XXXXXX")
export XDG_RUNTIME_DIR=$work/run
mkdir -m 700 "$XDG_RUNTIME_DIR"

# Services started with background(), stopped at the end.
pids=()
clean_up ()
{
  local status=$? pid
  for pid in "${pids[@]}"; do
    # A stopped one must go on to end. In this order: CONT would undo the stop by which
    # LeakSanitizer holds the process when it ends.
    kill -CONT "$pid" 2>/dev/null || true
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT

skip () { echo "$*"; exit 77; }
fail () { echo "FAIL: $*" >&2; exit 1; }

requires ()
{
  local program
  for program; do
    command -v "$program" >/dev/null || skip "$program is not installed"
  done
}

# background LOG COMMAND…: its pid is in $pid.
background ()
{
  local output=$1
  shift
  : >"$output" # or what waits for a word finds the one of an earlier program
  "$@" >"$output" 2>&1 </dev/null &
  pid=$!
  pids+=("$pid")
}

# wait_for SECONDS COMMAND…: until it succeeds.
wait_for ()
{
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.05
  done
}

# expect STATUS PATTERN COMMAND…: the exit status (a regex too), and an extended regex in what it says.
expect ()
{
  local status=0 wanted=$1 pattern=$2 output
  shift 2
  output=$("$@" 2>&1) || status=$?
  [[ $status =~ ^($wanted)$ ]] || fail "$*: status $status, not $wanted: $output"
  grep -Eq -- "$pattern" <<<"$output" || fail "$*: no “$pattern” in: $output"
}

listed () { micro list | grep -qw -- "$1"; }
