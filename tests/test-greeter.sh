#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The greeter from end to end: it registers, is found and called, and leaves when told to.
. "$(dirname "$0")/functions.sh"

serves "$work/service.log" "$abs_top_builddir/examples/greeter/greeter-service"

expect 0 'Hello John' micro call greeter Say.Hello name=John
expect 0 'Hello Jane' micro call greeter Say.Hello '{"name": "Jane"}'
expect 0 '^Hello Joan$' "$abs_top_builddir/examples/greeter/greeter-client" Joan

kill -TERM "$pid"
status=0
wait "$pid" || status=$?
((status == 0)) || fail "the greeter ended with $status: $(cat "$work/service.log")"
pids=()
expect 0 'No services are registered' micro list
