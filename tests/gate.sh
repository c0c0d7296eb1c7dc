# SPDX-License-Identifier: Apache-2.0
# Sourced after tests/check.sh: the gate, which every change must pass.

sanitized=$build/asan

build_gate ()
{
  install_packages build test || exit 1
  build_all || exit 1
  if grep -qF 'S["HAVE_GTEST_TRUE"]="#"' "$build/config.status"; then # GTest came after configure
    step "Configuring again" run_in "$build" ./config.status --recheck || exit 1
    step "Applying it" run_in "$build" ./config.status || exit 1
  fi
  make_in "$build" "Compiling the tests" test-programs || exit 1
}

build_sanitized ()
{
  mkdir -p "$sanitized"
  [[ -f $sanitized/Makefile ]] ||
    step "Configuring with sanitizers" run_in "$sanitized" \
      "$top/configure" --enable-sanitizers CFLAGS='-O1 -g' CXXFLAGS='-O0 -g' || exit 1
  make_in "$sanitized" "Compiling the unit tests with sanitizers" unit-tests || exit 1
}

check_plain ()
{
  check_in "$build" "Running the unit tests" "" check-unit
  check_in "$build" "Running the scripts" "" check-scripts
}

check_sanitized ()
{
  local leaks=1
  if ! finds_leaks; then
    leaks=0
    count SKIP "sanitizers: leaks: LeakSanitizer cannot run here: $(tail -n 1 "$sanitized/probe.log")"
  fi
  ASAN_OPTIONS=detect_leaks=$leaks:detect_odr_violation=0 G_SLICE=always-malloc \
    check_in "$sanitized" "Running the unit tests with sanitizers" "sanitizers: " check-unit
}

# LeakSanitizer needs ptrace, which a container or a debugger may deny.
finds_leaks ()
{
  echo 'int main (void) { return 0; }' >"$sanitized/probe.c"
  "${CC:-cc}" -fsanitize=address "$sanitized/probe.c" -o "$sanitized/probe" &&
    ASAN_OPTIONS=detect_leaks=1 "$sanitized/probe" >"$sanitized/probe.log" 2>&1
}

# check_busy ROUNDS: everything again and again, with a loop on each core that leaves it no rest.
check_busy ()
{
  local round core loops=()
  for ((core = 0; core < $(nproc); core++)); do
    busy_while "$$" &
    loops+=("$!")
  done
  trap 'kill "${loops[@]}" 2>/dev/null' EXIT
  for ((round = 1; round <= $1; round++)); do
    say "Round $round of $1, every core busy"
    check_plain
    check_sanitized
  done
  kill "${loops[@]}"
  trap - EXIT
}

# busy_while PID: as long as there is such a process.
busy_while ()
{
  local i
  while kill -0 "$1" 2>/dev/null; do
    for ((i = 0; i < 100000; i++)); do :; done
  done
}
