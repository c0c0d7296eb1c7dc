#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Messages from the tool to subscribers in processes of their own, by the default broker.
. "$(dirname "$0")/functions.sh"
subscriber=$abs_top_builddir/tests/brokers/subscriber
has () { grep -qxF -- "$2" "$1"; }

background "$work/a" env TOPICS='orders other' "$subscriber" --server-name=a
background "$work/b" env TOPICS=orders@workers "$subscriber" --server-name=b
background "$work/c" env TOPICS='orders@workers other' "$subscriber" --server-name=c --hold="$work/hold"
pid_c=$pid
# Each topic of each has a node of its own, which comes when it comes.
await eval '(($(micro get micro.http.broker | grep -c broker=http) == 5))' ||
  fail "no five: $(micro get micro.http.broker 2>&1; cat "$work"/[abc])"

expect 0 '^ok$' micro publish orders id:=1 --metadata=Trace=7
await has "$work/a" 'orders - {"id":1} Trace=7' || fail "a: $(cat "$work/a")"
expect 0 '^ok$' micro publish other '{"x": "é"}'
await has "$work/a" 'other - {"x": "é"}' || fail "a: $(cat "$work/a")"
await has "$work/c" 'other - {"x": "é"}' || fail "c: $(cat "$work/c")"
for i in 2 3 4 5 6; do expect 0 '^ok$' micro publish orders "id:=$i"; done
await has "$work/a" 'orders - {"id":6}' || fail "a: $(cat "$work/a")"
await eval '(($(cat "$work/b" "$work/c" | grep -c "^orders workers") == 6))' ||
  fail "the queue: $(cat "$work/b" "$work/c")"
expect 0 '^ok$' micro publish nobody

# Nobody is sent to who has left, or has died without a word.
kill "$pid_c"
wait "$pid_c" || fail "c ended with $?: $(cat "$work/c")"
kill -9 "${pids[1]}"
wait "${pids[1]}" || true
expect 0 '^ok$' micro publish orders id:=7
await has "$work/a" 'orders - {"id":7}' || fail "a: $(cat "$work/a")"

expect 2 'which topic' micro publish
expect 2 'JSON' micro publish orders '{'
expect 2 'is not KEY=VALUE' micro publish orders --metadata=x
expect 2 'no broker named “nobody”' micro --broker=nobody publish orders
expect 1 'topic “x”: the broker cannot listen on “nonsense”: write it as HOST:PORT' \
  env TOPICS=x "$subscriber" --broker-address=nonsense
