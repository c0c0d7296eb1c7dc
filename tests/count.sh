# SPDX-License-Identifier: Apache-2.0
# Sourced after packaging/build-steps.sh: counts what tests/run and the suites have tried.

passed=0 failed=0 skipped=0 skips=()

# count RESULT TEXT
count ()
{
  case $1 in
    PASS | XFAIL) passed=$((passed + 1)) ;;
    SKIP) skipped=$((skipped + 1)) skips+=("$2") ;;
    *) failed=$((failed + 1)); say "failed: $2" ;;
  esac
}

finish ()
{
  local skip
  for skip in "${skips[@]}"; do say "skipped: $skip"; done
  say "$passed passed, $failed failed, $skipped skipped"
  ((failed == 0))
}
