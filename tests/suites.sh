# SPDX-License-Identifier: Apache-2.0
# Sourced after tests/count.sh: runs long suites, each a program that counts for itself.

results=$build/results.tsv
rows=()

# add_row NAME PASSED FAILED SKIPPED SECONDS
add_row () { rows+=("$(printf '%s\t%d\t%d\t%d\t%d' "$@")"); }

# run_suite NAME: tests/NAME/run counts on its last line, and names what has failed and been skipped.
run_suite ()
{
  local name=$1 output=$build/suites/$1.log status=0 start=$SECONDS line counts before
  mkdir -p "$build/suites"
  step "Running tests/$name/run" suite_into "$output" "$top/tests/$name/run" || status=$?
  line=$(grep . "$output" | tail -n 1)
  if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
    counts=("${BASH_REMATCH[@]:1}")
  else
    counts=(0 1 0)
    say "failed: $name: ended with $status without a count, see $output"
  fi
  while read -r line; do say "failed: $name: $line"; done < <(sed -n 's/^failed: //p' "$output")
  while read -r line; do skips+=("$name: $line"); done < <(sed -n 's/^skipped: //p' "$output")
  if ((status != 0 && counts[1] == 0)); then
    counts[1]=1
    say "failed: $name: ended with $status, see $output"
  fi
  passed=$((passed + counts[0])) failed=$((failed + counts[1])) skipped=$((skipped + counts[2]))
  add_row "$name" "${counts[@]}" $((SECONDS - start))
  say "  ${counts[0]} passed, ${counts[1]} failed, ${counts[2]} skipped"
}

# A suite gets TERM when its time is over, so that it can stop what it has started.
suite_into ()
{
  local output=$1
  shift
  set -o pipefail
  timeout -k 60 "${MICRO_SUITE_LIMIT:-3600}" "$@" 2>&1 | tee "$output"
}

print_table ()
{
  { printf 'suite\tpassed\tfailed\tskipped\tseconds\n'; printf '%s\n' "${rows[@]}"; } >"$results"
  say
  awk -F'\t' '{ printf "%-14s %8s %8s %8s %8s\n", $1, $2, $3, $4, $5 }' "$results"
  say "The same in $results; what each suite printed is in $build/suites."
}
