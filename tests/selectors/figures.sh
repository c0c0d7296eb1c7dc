# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/selectors/run: how evenly each selector spreads calls over four nodes, and what it
# costs that one of them is slow, or refuses. Printed; judged is only that the calls were answered.

records=('h1 A 127.0.0.1')
for set in even slow bad; do
  for i in 1 2 3 4; do
    options=()
    [[ $set$i != slow4 ]] || options=(--delay=50)
    [[ $set$i != bad4 ]] || options=(--refuse)
    registry=local backend "$set$i" 127.0.0.1:0 --server-name="$set" "${options[@]}"
    records+=("_grpc._tcp.$set SRV 0 1 $port h1")
  done
done
zone 3600 "${records[@]}"
wait_for 20 listed bad

# figure SELECTOR SERVICE OPTION…: what the caller says in the end, in $work/figure.
figure ()
{
  local options=(--selector="$1")
  [[ $1 != dns ]] || options=("${dns[@]}")
  caller "${options[@]}" --quiet "${@:3}" "$2" >"$work/figure" 2>&1
}
get () { awk -v key="$1" -v field="$2" '$1 == key { print $field }' "$work/figure"; }

say 'selector    skew of 1000 calls, 5 runs     one of 4 takes 50 ms: p50, p99, its share   one of 4 refuses: failed'
for selector in roundrobin random p2c dns; do
  skews=()
  good=1
  for _ in 1 2 3 4 5; do
    figure $selector even --calls=1000 --at-once=8 || good=0
    skews+=("$(get skew 2)")
  done
  figure $selector slow --calls=4000 --at-once=8 || good=0
  slow="$(get latency 2) ms, $(get latency 3) ms, $(awk '$1 == "count" { n += $3 } $2 == "slow4" { s = $3 }
    END { printf "%.1f %%", 100 * s / n }' "$work/figure")"
  figure $selector bad --calls=1000 --at-once=8
  say "$(printf '%-11s %-30s %-44s %s' "$selector" "$(printf '%s\n' "${skews[@]}" | sort -n | tr '\n' ' ')%" \
    "$slow" "$(get failed 2)")"
  if ((good)); then
    count PASS "$selector: figures"
  else
    count FAIL "$selector: calls failed: $(tr '\n' ' ' <"$work/figure")"
  fi
done
