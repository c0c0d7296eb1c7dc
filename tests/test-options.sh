#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Flags and variables: names, precedence, ranges, help.
. "$(dirname "$0")/functions.sh"

greeter=$abs_top_builddir/examples/greeter/greeter-service
static=$abs_top_builddir/plugins/.libs/static-selector.so
bad () { expect 2 "^greeter: $1" "${@:2}"; }

# A flag, a variable, both: the flag wins; empty variables count as not there.
export MICRO_SERVER_VERSION=2.0.0 MICRO_SERVER_METADATA=a=1,b=x=y MICRO_DRAIN_DELAY=
background "$work/log" "$greeter" --server_name=other --server-version 3.0.0 \
  --server-address=127.0.0.1:0 --server-id=one --register_ttl=60 --server-threads=1
await listed other || fail "not listed: $(cat "$work/log")"
grep -Eq '^other 3\.0\.0 serves on 127\.0\.0\.1:[0-9]+, registered in local$' "$work/log" ||
  fail "what it says when ready: $(cat "$work/log")"
expect 0 'other-one' micro get other
expect 0 'a=1,b=x=y' micro get other
ends "$pid" "$work/log"
unset MICRO_SERVER_VERSION MICRO_SERVER_METADATA MICRO_DRAIN_DELAY

# What is wrong, in one sentence, status 2.
bad 'unknown option --server-adress; did you mean --server-address\?$' "$greeter" --server_adress=x
bad 'unknown option --wholly-unknown; see --help$' "$greeter" --wholly-unknown
bad '--register-ttl: “x” is not a whole number' "$greeter" --register-ttl=x
bad 'MICRO_REGISTER_TTL: “-1” is out of range' env MICRO_REGISTER_TTL=-1 "$greeter"
bad '--client-request-timeout: “5” is not a duration; write it as 500ms' \
  "$greeter" --client-request-timeout=5
bad '--server-metadata: “x” is not KEY=VALUE$' "$greeter" --server-metadata=x
bad '--server: “mucp” is not there; only grpc is$' "$greeter" --server=mucp
bad 'MICRO_LOG_LEVEL: “loud” is not one of' env MICRO_LOG_LEVEL=loud "$greeter"
bad 'unexpected argument “stray”' "$greeter" stray
bad 'Missing argument for --server-name' "$greeter" --server-name
bad 'unknown option --selector-port: the “roundrobin” selector has no such option' \
  "$greeter" --selector-port=1

# Addresses: status 1, from the transport.
expect 1 '^greeter: .*“8080”' "$greeter" --server-address=8080
expect 1 '^greeter: .*70000' "$greeter" --server-address=127.0.0.1:70000
serves "$work/first" "$greeter" --server-address=127.0.0.1:0
taken=$address
expect 1 "^greeter: .*$taken.*in use" "$greeter" --server-address="$taken"

for address in http://x:1 'a b' x:99999 host:port 1.2.3.4:0 '[::1' : unix:here; do
  expect 1 "^greeter: server-advertise: “.*” is no address that others can call: write HOST:PORT" \
    "$greeter" --server-address=127.0.0.1:0 --server-advertise="$address"
done
expect 1 '“::1” is ambiguous: write an IPv6 address as \[v6\]:port' "$greeter" --server-address=::1
cd "$work"
serves "$work/path" "$greeter" --server-name=path --server-address=unix:here
grep -qF "unix:$work/here" <<<"$(micro list -o wide)" || fail "$(micro list -o wide)"
expect 1 'somebody listens there: choose another path' "$greeter" --server-address=unix:here
ends "$pid" "$work/path"
[[ ! -e $work/here ]] || fail 'the socket is left'

# Options of plugins.
expect 0 '--help-transport' "$greeter" --help
expect 0 '\[MICRO_REGISTER_TTL\] \(60\)' "$greeter" --help
expect 0 '^greeter 1\.0\.0 \(micro ' "$greeter" --version
test -e "$static" || exit 0
expect 0 'Options of the “static” selector \(leaves balancing' "$greeter" --selector=static --help-selector
expect 0 '--selector-port=PORT .*\[MICRO_SELECTOR_PORT\] \(8080\)' \
  "$greeter" --help-selector --selector "$static"
bad '--selector-port: “0” is out of range \(1 to 65535\)$' "$greeter" --selector=static --selector_port=0
bad 'MICRO_SELECTOR_PORT: “99999” is out of range' \
  env MICRO_SELECTOR=static MICRO_SELECTOR_PORT=99999 "$greeter"
bad 'STATIC_SELECTOR_PORT_NUMBER: “x” is not a whole number' \
  env MICRO_SELECTOR=static STATIC_SELECTOR_PORT_NUMBER=x "$greeter"

# The static selector calls the name itself; the flag wins over both variables.
port=${taken##*:}
export STATIC_SELECTOR_PORT_NUMBER=1 MICRO_SELECTOR_PORT=2
expect 0 'Hello' micro --selector=static --selector-port="$port" call 127.0.0.1 Say.Hello name=x
unset MICRO_SELECTOR_PORT
STATIC_SELECTOR_PORT_NUMBER=$port expect 0 'Hello' micro --selector=static call 127.0.0.1 Say.Hello name=x
expect 0 'Hello' micro --selector=static call "$taken" Say.Hello name=x
