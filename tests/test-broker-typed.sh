#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Messages of a type, by generated code: heard as JSON and as protobuf, published as protobuf.
. "$(dirname "$0")/functions.sh"
log=$work/typed
has () { grep -qxF -- "$1" "$log"; }

serves "$log" "$abs_top_builddir/tests/brokers/typed"
await eval '(($(micro get micro.http.broker | grep -c broker=http) == 2))' ||
  fail "no two: $(micro get micro.http.broker 2>&1)"

expect 0 '^ok$' micro publish greetings name=John --metadata=Trace=7
await has 'request John application/json' || fail "$(cat "$log")"
await has 'answer Hello John application/protobuf Trace=7' || fail "$(cat "$log")"

# What is not of the type is dropped with a word, and the next is heard.
dropped () { (($(grep -c ' a message that is no greeter.HelloResponse was dropped' "$log") == $1)); }
expect 0 '^ok$' micro publish answers msg:=7
await dropped 1 || fail "JSON of another type: $(cat "$log")"
expect 0 '^ok$' micro publish answers msg=x --metadata=Content-Type=application/protobuf
await dropped 2 || fail "JSON for protobuf: $(cat "$log")"
expect 0 '^ok$' micro publish answers msg=again
await has 'answer again application/json Trace=' || fail "$(cat "$log")"
(($(grep -c ^answer "$log") == 2)) || fail "more than two answers: $(cat "$log")"

ends "$pid" "$log"
