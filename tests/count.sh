# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/run, after packaging/build-steps.sh: runs tests and counts them.

passed=0 failed=0 skipped=0 skips=()
export MICRO_TEST_ALL=${all:-}
make=(nice make -j"$(nproc)" TEST_TIMEOUT="timeout -k 10 900")

# count RESULT TEXT
count ()
{
  case $1 in
    PASS | XFAIL) passed=$((passed + 1)) ;;
    SKIP) skipped=$((skipped + 1)) skips+=("$2") ;;
    *) failed=$((failed + 1)); say "failed: $2" ;;
  esac
}

# count_one LABEL NAME RESULT LOG: a GTest program counts by its cases, everything else by itself.
count_one ()
{
  local name=$1$2 result=$3 log=$4 bad case
  if ! grep -q '^\[==========\]' "$log" 2>/dev/null; then
    [[ $result == SKIP ]] && name+=": $(grep -v '^SKIP ' "$log" | tail -n 1)"
    count "${result:-FAIL}" "$name"
    return
  fi
  passed=$((passed + $(grep -c '^\[       OK \]' "$log")))
  while read -r case; do count SKIP "$name: $case"; done < \
    <(sed -n 's/^\[  SKIPPED \] \(.*\) (.* ms)$/\1/p' "$log")
  bad=$(sed -n 's/^\[  FAILED  \] \(.*\) (.* ms)$/\1/p' "$log")
  for case in $bad; do count FAIL "$name: $case"; done
  [[ -n $bad || $result == PASS ]] || count FAIL "$name: ended before its last case, see $log"
}

# check_in FOLDER TEXT LABEL [TARGET]: make TARGET, whose results are in FOLDER.
check_in ()
{
  local folder=$1 text=$2 label=$3 target=${4:-check} status=0 before=$failed trs name
  mkdir -p "$folder"
  find_results "$folder" -delete # old results are not this run's
  step "Running $text" run_in "$build" "${make[@]}" -k "$target" || status=$?
  while read -r trs; do
    name=${trs#"$folder/"}
    count_one "$label" "${name%.trs}" "$(sed -n 's/^:global-test-result: //p' "$trs")" "${trs%.trs}.log"
  done < <(find_results "$folder" | sort)
  ((status == 0 || failed > before)) || count FAIL "$text: see $log"
}

find_results ()
{
  local folder=$1
  shift
  find "$folder/tests" "$folder/plugins" "$folder/core" -name '*.trs' "$@" 2>/dev/null
}

# check_target TARGET: is a test by itself.
check_target ()
{
  if step "Running make $1" run_in "$build" "${make[@]}" "$1"; then
    count PASS "make $1"
  else
    count FAIL "make $1: see $log"
  fi
}

# run_suite NAME: tests/NAME/run counts for itself on its last line, and names what it has skipped.
run_suite ()
{
  local name=tests/$1/run output=$build/suites/$1.log status=0 line counts
  mkdir -p "$build/suites"
  step "Running $name" bash -c 'set -o pipefail; nice timeout -k 30 1200 "$1" 2>&1 | tee "$2"' \
    - "$top/$name" "$output" || status=$?
  line=$(grep . "$output" | tail -n 1)
  if [[ ! $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
    count FAIL "$name: ended with $status without a count, see $output"
    return
  fi
  counts=("${BASH_REMATCH[@]:1}")
  passed=$((passed + counts[0])) failed=$((failed + counts[1])) skipped=$((skipped + counts[2]))
  while read -r line; do say "failed: $name: $line"; done < <(sed -n 's/^failed: //p' "$output")
  while read -r line; do skips+=("$name: $line"); done < <(sed -n 's/^skipped: //p' "$output")
  ((counts[2] == 0)) || grep -q '^skipped: ' "$output" || skips+=("$name: ${counts[2]} without a reason")
  ((status == 0 || counts[1] > 0)) || count FAIL "$name: ended with $status, see $output"
}

finish ()
{
  local skip
  for skip in "${skips[@]}"; do say "skipped: $skip"; done
  say "$passed passed, $failed failed, $skipped skipped"
  ((failed == 0))
}
