# SPDX-License-Identifier: Apache-2.0
# Sourced after tests/count.sh: runs the test programs of a build tree and counts what they say.

make=(make -j"$(nproc)")

# check_in FOLDER TEXT LABEL TARGET: make TARGET in a build tree, whose results begin with LABEL. A
# program that fails is run once more, alone: if it passes then it is flaky, which is said.
check_in ()
{
  local folder=$1 text=$2 label=$3 target=$4 status=0 before=$failed trs name
  find_results "$folder" -delete # old results are not this run's
  step "$text" run_in "$folder" "${make[@]}" -k "$target" || status=$?
  while read -r trs; do
    name=${trs#"$folder/"} name=${name%.trs}
    is_well "$trs" || once_more "$folder" "$label" "$name"
    count_one "$label$name" "$trs" "${trs%.trs}.log"
  done < <(find_results "$folder" | sort)
  ((status == 0 || failed > before || flaky > 0)) || count FAIL "$text: see $log"
}

find_results ()
{
  local folder=$1
  shift
  find "$folder/tests" "$folder/plugins" "$folder/core" -name '*.trs' "$@" 2>/dev/null
}

result_of () { sed -n 's/^:global-test-result: //p' "$1" 2>/dev/null; }
is_well () { [[ $(result_of "$1") =~ ^(PASS|SKIP|XFAIL)$ ]]; }

flaky=0
# once_more FOLDER LABEL NAME
once_more ()
{
  local folder=$1 name=$3 kept
  kept=$build/flaky/${2//[!a-z]/}/$name.log
  mkdir -p "$(dirname "$kept")"
  mv "$folder/$name.log" "$kept"
  rm -f "$folder/$name.trs"
  run_in "$folder" make "$name.log" >>"$log" 2>&1 </dev/null || true
  is_well "$folder/$name.trs" || return 0
  flaky=$((flaky + 1))
  say "flaky: $2$name: passes at the second try; the first one's output is in $kept"
}

# count_one NAME TRS LOG: a GTest program counts by its cases, everything else by itself.
count_one ()
{
  local name=$1 result output=$3 bad case
  result=$(result_of "$2")
  if grep -q '^\[==========\]' "$output" 2>/dev/null; then
    passed=$((passed + $(grep -c '^\[       OK \]' "$output")))
    while read -r case; do count SKIP "$name: $case"; done < \
      <(sed -n 's/^\[  SKIPPED \] \(.*\) (.* ms)$/\1/p' "$output")
    bad=$(sed -n 's/^\[  FAILED  \] \(.*\) (.* ms)$/\1/p' "$output")
    for case in $bad; do count FAIL "$name: $case"; done
    [[ -n $bad || $result == PASS ]] || count FAIL "$name: ended before its last case"
  elif [[ $result == SKIP ]]; then
    count SKIP "$name: $(grep -v '^SKIP ' "$output" | tail -n 1)"
  else
    count "${result:-FAIL}" "$name"
  fi
  [[ $result =~ ^(PASS|SKIP|XFAIL)$ ]] || { say "the end of $output:"; tail -n 40 "$output" | sed 's/^/  /'; }
}
