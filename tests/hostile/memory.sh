#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What large messages took is given back to the system when no more come.
. "$(dirname "$0")/../functions.sh"

resident_kib () { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$greeter/status"; }
is_small_again () { (($(resident_kib) < before + 12 * 1024)); }

background "$work/log" "$abs_top_builddir/examples/greeter/greeter-service" \
  --server-address=127.0.0.1:0 --server-threads=1
greeter=$pid
wait_for 10 listed greeter || fail "the greeter does not start: $(cat "$work/log")"
expect 0 'Hello a' micro call greeter Hello name=a
before=$(resident_kib)

printf '{"name":"%s"}' "$(head -c 3000000 /dev/zero | tr '\0' x)" >"$work/large"
for ((i = 0; i < 8; i++)); do
  background "$work/reply.$i" micro call greeter Hello "@$work/large"
done
for ((i = 0; i < 8; i++)); do
  wait "${pids[i + 1]}" || fail "$(tail -c 200 "$work/reply.$i")"
  (($(wc -c <"$work/reply.$i") > 3000000)) || fail "the reply is short"
done
echo "$before KiB before large messages, $(resident_kib) after"
wait_for 20 is_small_again || fail "$(resident_kib) KiB 20 s after large messages, $before before"
