#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# micro list --watch: what is there, what changes, and an end with 0 by a signal or a full reader.
. "$(dirname "$0")/functions.sh"
requires python3
greeter=$abs_top_builddir/examples/greeter/greeter-service

# told LOG PATTERN: the watch says so.
told () { await grep -qE -- "$2" "$1" || fail "no “$2” in: $(cat "$1")"; }

serves "$work/greeter" "$greeter" --server-address=127.0.0.1:0
first=$pid
background "$work/text" micro list --watch
text=$!
background "$work/json" micro list --watch -o json
json=$!
told "$work/text" '^created  greeter  1\.0\.0  127\.0\.0\.1:[0-9]+$'
told "$work/json" created
background "$work/other" "$greeter" --server-address=127.0.0.1:0 --server-name=other
told "$work/text" '^created  other'
told "$work/json" '"other"'
kill "$first"
told "$work/text" '^deleted  greeter'
told "$work/json" deleted

kill -INT "$text"
wait "$text" || fail "SIGINT: $?"
kill "$json"
wait "$json" || fail "SIGTERM: $?"
python3 - "$work/json" <<'END' || fail "$(cat "$work/json")"
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
assert [(e['event'], e['service']['name']) for e in events] == [
    ('created', 'greeter'), ('created', 'other'), ('deleted', 'greeter')], events
assert all(e['apiVersion'] == 'micro/v1' and e['time'].endswith('Z') for e in events)
END

[[ $(micro list --watch -o name | head -n 1) == other ]] || fail 'a reader that has had enough'
expect 2 'of “list” alone' micro get greeter --watch
expect 4 'no Kubernetes cluster is configured|/nonexistent' \
  env KUBECONFIG=/nonexistent micro --registry=kubernetes list --watch
