#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The greeter from end to end: it registers, is found and called, and leaves when told to.
. "$(dirname "$0")/functions.sh"

background "$work/service.log" "$abs_top_builddir/examples/greeter/greeter-service"
wait_for 10 listed greeter || fail "greeter is not listed: $(cat "$work/service.log")"

expect 0 'Hello John' micro call greeter Say.Hello name=John
expect 0 'Hello Jane' micro call greeter Say.Hello '{"name": "Jane"}'
expect 0 '^Hello Joan$' "$abs_top_builddir/examples/greeter/greeter-client" Joan

kill -TERM "$pid"
status=0
wait "$pid" || status=$?
((status == 0)) || fail "the greeter ended with $status: $(cat "$work/service.log")"
pids=()
! listed greeter || fail 'the greeter has ended and is still listed'
