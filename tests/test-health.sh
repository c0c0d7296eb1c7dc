#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# micro-probe, micro-health and --health=http at a service of ours. tests/health/run has the others.
. "$(dirname "$0")/functions.sh"
requires python3
greeter=$abs_top_builddir/examples/greeter/greeter-service

serve () # LOG ARGUMENT…: sets address
{
  serves "$work/$1" "$greeter" --server-address=127.0.0.1:0 --registry=memory "${@:2}"
}
get () # HOST:PORT/PATH: the status, and the body's last line
{
  local authority=${1%%/*} answer
  exec 3<>"/dev/tcp/${authority%:*}/${authority#*:}" || return
  printf 'GET /%s HTTP/1.0\r\n\r\n' "${1#*/}" >&3
  answer=$(cat <&3 | tr -d '\r'; echo .)
  exec 3>&-
  sed -n '1s/HTTP\/1.1 \([0-9]*\).*/\1/p' <<<"$answer"
  sed -n '1,/^$/!p' <<<"$answer" | sed '$s/\.$//' | grep . || true
}
says () { [[ $(get "$1") == "$2" ]]; }

serve greeter.log
probe=(micro-probe --server_name=greeter)
expect 0 "greeter at $address is well" "${probe[@]}" --server_address="$address" --verbose
expect 2 'Connection refused' "${probe[@]}" --server_address=127.0.0.1:1
expect 1 'server-address is not set' "${probe[@]}"
expect 1 'server-name is not set' micro-probe --server-address="$address"
expect 1 'unknown option --nonsense' "${probe[@]}" --nonsense
kill -STOP "$pid" # its kernel connects, and nobody speaks HTTP/2
expect 2 'cannot be connected to within 200 ms' "${probe[@]}" --server_address="$address" \
  --connect_timeout=200ms --rpc_timeout=1m
kill -CONT "$pid"
cat >"$work/greets.py" <<'END'
import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
peer = listener.accept()[0]
peer.sendall(bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))  # SETTINGS, and no word more
while peer.recv(4096):
    pass
END
background "$work/greets.port" python3 "$work/greets.py"
await grep -q . "$work/greets.port" || fail 'the peer that only greets does not start'
expect 2 'has not answered Debug.Health within 200 ms' "${probe[@]}" \
  --server_address="127.0.0.1:$(cat "$work/greets.port")" --connect_timeout=1m --rpc_timeout=200ms

background "$work/health.log" micro-health --health_address=127.0.0.1:0 --server_name=greeter \
  --server_address="$address"
health=$pid
await grep -q 'serves on' "$work/health.log" || fail "micro-health: $(cat "$work/health.log")"
url=$(sed -n 's|.*serves on http://\([^ ]*\) .*|\1|p' "$work/health.log")
says "$url" $'200\nOK' || fail "micro-health: $(get "$url")"
says "$url/ready?verbose" $'200\n+ greeter\nOK' || fail "micro-health: $(get "$url/ready?verbose")"
# Of requests that come in one go each is answered, and before the ten seconds of a silent client.
exec 3<>"/dev/tcp/${url%%:*}/$(sed 's|.*:\([0-9]*\)/.*|\1|' <<<"$url")"
printf 'GET /health HTTP/1.1\r\n\r\nGET /health/ready HTTP/1.1\r\n\r\nGET /health HTTP/1.0\r\n\r\n' >&3
(($(cat <&3 | grep -o 'HTTP/1.1 200' | wc -l) == 3)) || fail 'micro-health: not three answers to three requests'
exec 3>&-
kill "${pids[0]}"
await says "$url" $'500\nNOT_HEALTHY' || fail "micro-health, the target gone: $(get "$url")"
kill "$health"
wait "$health" || fail "micro-health ends with $? at SIGTERM"
expect 2 'is not an address to listen on' micro-health --server_name=x --server_address="$address" \
  --health_address=nowhere

so=$abs_top_builddir/plugins/.libs/http-health.so
if [[ ! -e $so ]] && ! grep -Eq '^http +health' <<<"$(micro plugins)"; then exit 0; fi
serve plugin.log --health=http --health-address=127.0.0.1:0 --health-tcp=nobody=127.0.0.1:1 \
  --health-interval-ms=50 --health-optional=nobody
url=$(sed -n 's|.*answered on http://||p' "$work/plugin.log")
await says "$url" $'200\nOK' || fail "http-health: $(get "$url?verbose")"
grep -q '^! nobody: .*(not critical)$' <<<"$(get "$url?verbose")" || fail "http-health: $(get "$url?verbose")"
says "$url/live?verbose" $'200\n+ loops\nOK' || fail "http-health: $(get "$url/live?verbose")"
kill "$pid"
wait "$pid" || fail "the greeter ends with $? at SIGTERM"
expect 2 'NAME=HOST:PORT' "$greeter" --health=http --health-tcp=db
