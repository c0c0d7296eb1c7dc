#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The program in micro-library(3) compiles and does what the page says; the names in it exist.
. "$(dirname "$0")/functions.sh"
requires pkg-config
page=$abs_top_srcdir/core/docs/micro-library.pod
build=$abs_top_builddir
test -e "$build/core/.libs/libmicro-1.so" || skip 'built without a shared library'
read -ra cc < <(setting CC)
read -ra flags <<<"$(setting SANITIZER_CFLAGS)"

# As the page says it is built and run uninstalled.
sed -n '/^=head2 A whole program/,/^=head2 MicroApp/p' "$page" | sed -n 's/^ //p' >"$work/relay.c"
eval "export $(sed -n 's/^ export PKG_CONFIG_PATH=build/PKG_CONFIG_PATH=$build/p' "$page")"
eval "libraries=($(pkg-config --cflags --libs micro-1-uninstalled libprotobuf-c))"
"${cc[@]}" -std=gnu11 -Wall -Werror "${flags[@]}" -I"$build/proto" "$work/relay.c" \
  "$build/proto/greeter.micro.c" "$build/proto/greeter.pb-c.c" -o "$work/relay" "${libraries[@]}" \
  >"$work/cc.log" 2>&1 || fail "it does not compile: $(cat "$work/cc.log")"
paths=$(sed -n 's/^ export LD_LIBRARY_PATH=/LD_LIBRARY_PATH=/p' "$page")
serves "$work/greeter.log" "$build/examples/greeter/greeter-service"
eval "background '$work/relay.log' env ${paths//build/\"\$build\"} '$work/relay'"
await listed relay || fail "relay: $(cat "$work/relay.log")"
expect 0 'Hello Ada' micro call relay Hello name=Ada
kill "$pid"
wait "$pid" || fail "relay ended with $?: $(cat "$work/relay.log")"
grep -qx 'Hello: OK' "$work/relay.log" || fail "nothing logged: $(cat "$work/relay.log")"

# What the page names is there, and it names every call option.
for name in $(grep -oE '\b(micro_[a-z_]+[a-z]|MICRO_[A-Z_]+[A-Z]|Micro[A-Z][A-Za-z]+)\b' "$page" | sort -u); do
  case $name in MICRO_PLUGIN_PATH | micro_client) continue ;; esac
  grep -rqw -- "$name" "$abs_top_srcdir"/core/micro/*.h || fail "there is no $name"
done
options=$(sed -n '/^struct _MicroCallOptions/,/^}/s/.*[ *]\([a-z_]*\);$/\1/p' \
  "$abs_top_srcdir/core/micro/micro-client.h")
(($(wc -w <<<"$options") > 8)) || fail "call options: $options"
for name in $options; do grep -q "^=item.*C<$name>" "$page" || fail "no call option $name"; done
if command -v podchecker >/dev/null; then podchecker -warnings "$page" || fail "$page"; fi
