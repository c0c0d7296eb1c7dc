# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/losses/run: greeters and their callers, "ours" and "theirs".

# starts SIDE OPTION…: a greeter; its pid is in $pid, where it serves in $address.
n_started=0
starts ()
{
  local output=$work/greeter-$((++n_started)).log command=("$go_peer" serve)
  [[ $1 != ours ]] || command=("$build/tests/losses/greeter" --server-address=127.0.0.1:0)
  background "$output" "${command[@]}" "${@:2}"
  wait_for 10 grep -q ' serves on ' "$output" || fail "a greeter does not start: $(cat "$output")"
  address=$(sed -n 's/.* serves on \([^ ,]*\),.*/\1/p' "$output")
}

# start_three SIDE OPTION…: $nodes are their pids, $addresses where they serve, and $to says so to a caller.
start_three ()
{
  nodes=() addresses=()
  for _ in 1 2 3; do
    starts "$@"
    nodes+=("$pid") addresses+=("$address")
  done
  to=()
  [[ $1 == ours ]] || to=(--to "$(IFS=,; echo "${addresses[*]}")")
}

end_all ()
{
  for pid in "${pids[@]}"; do kill -KILL "$pid"; wait "$pid"; done 2>/dev/null
  pids=()
}

# calls SIDE OPTION…: what its caller says goes to $work/SIDE.
calls ()
{
  local command=("$go_peer" call)
  [[ $1 != ours ]] || command=("$build/tests/losses/caller")
  timeout -k 5 300 "${command[@]}" "${@:2}" >"$work/$1" 2>&1 || echo "ended with $?" >>"$work/$1"
}

# calls_while FUNCTION SIDE OPTION…: they go on until FUNCTION SIDE is done.
calls_while ()
{
  local caller
  mkfifo "$work/go-on"
  calls "${@:2}" <"$work/go-on" &
  caller=$!
  exec 9>"$work/go-on"
  rm "$work/go-on"
  sleep 1 # they are under way
  "$1" "$2" 9>&-
  sleep 1
  exec 9>&-
  wait "$caller"
}

# tell TEXT MOST: a line; of ours no more than MOST may be lost.
tell ()
{
  local n lost theirs_n theirs
  read -r n lost <"$work/ours"
  read -r theirs_n theirs <"$work/theirs"
  say "$(printf '%-44s %8s %6s   %8s %6s' "$1" "$n" "$lost" "$theirs_n" "$theirs")"
  if [[ $n =~ ^[0-9]+$ ]] && ((n > 0 && lost <= $2)); then
    count PASS "$1"
  else
    count FAIL "$1: $(cat "$work/ours")"
  fi
  tail -n +2 -q "$work/ours" "$work/theirs" | sed "s/^/  /" >>"$build/losses.log"
}
