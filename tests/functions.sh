# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/test-*.sh. Run by make check, or by hand from a build directory.
set -euo pipefail

: "${abs_top_builddir:=$PWD}"
: "${abs_top_srcdir:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
PATH=$abs_top_builddir:$PATH
limit=$((SECONDS + ${MICRO_TEST_LIMIT:-120} - 10))

# A test of the gate is alike for whoever runs it: no settings, language, proxy, cluster, terminal or make
# of the caller's, and no time-out of ours that a machine without rest could reach.
alike ()
{
  exec </dev/null
  unset "${!MICRO_@}" "${!KUBE@}" "${!STATIC_SELECTOR_@}" "${!POD_@}" "${!XDG_@}" G_MESSAGES_DEBUG LANGUAGE TZ CDPATH \
    {http,https,all,no}_proxy {HTTP,HTTPS,ALL,NO}_PROXY MAKEFLAGS MFLAGS MAKELEVEL OPENSSL_CONF
  export HOME=/invalid LC_ALL=C.UTF-8 G_DEBUG=fatal-warnings GIO_USE_VFS=local GSETTINGS_BACKEND=memory
  export MICRO_CLIENT_REQUEST_TIMEOUT=100s MICRO_CONNECT_TIMEOUT=100s MICRO_RPC_TIMEOUT=100s \
    MICRO_TRANSPORT_{CONNECT,HANDSHAKE}_TIMEOUT_MS=100000 MICRO_{BROKER,HEALTH}_TIMEOUT_MS=100000
  # Not even a script that is killed leaves a service behind.
  if setpriv --pdeathsig KILL true 2>/dev/null; then with_us=(setpriv --pdeathsig KILL); fi
}
with_us=()
[[ ${0##*/} != test-*.sh ]] || alike
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

# What a variable of the Makefile is.
setting () { sed -n "s/^$1 = *//p" "$abs_top_builddir/Makefile"; }

# background LOG COMMAND…: its pid is in $pid.
background ()
{
  local output=$1
  shift
  : >"$output" # or what waits for a word finds the one of an earlier program
  "${with_us[@]}" "$@" >"$output" 2>&1 </dev/null &
  pid=$!
  pids+=("$pid")
}

# await COMMAND…: until it succeeds. What never comes differs from what is late only by the limit of the
# test itself (tests/limit): given up is shortly before, so that it can be said what is missing.
await ()
{
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < limit)) || return 1
    sleep 0.02
  done
}
# serves LOG COMMAND…: a service in the background, once it has said where; its pid is in $pid, that in
# $address. It says so after it has registered.
serves ()
{
  background "$@"
  until grep -q ' serves on ' "$1"; do
    kill -0 "$pid" 2>/dev/null && ((SECONDS < limit)) || fail "${*:2} does not serve: $(cat "$1")"
    sleep 0.02
  done
  address=$(sed -n 's/.* serves on \([^ ,]*\),.*/\1/p' "$1")
}
# ends PID LOG: it ends, and well, when told to.
ends ()
{
  kill "$1"
  wait "$1" || fail "ended with $?: $(cat "$2")"
}

# wait_for SECONDS COMMAND…: until it succeeds; for the suites, which have time.
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

# Not micro | grep -q: who has found what it seeks reads no more, and then micro cannot write the rest.
listed ()
{
  local all
  all=$(micro list) && grep -qw -- "$1" <<<"$all"
}
