# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/health/run: the sidecar.

# sidecar LOG OPTION…: sets url and pid.
sidecar ()
{
  start "$1" micro-health --health_address=127.0.0.1:0 "${@:2}"
  url=$address/health
}
# at TEXT ANSWER REASON OPTION…: a sidecar of its own for a target.
at ()
{
  sidecar at.log --server_name=greeter "${@:4}"
  shows "micro-health: $1" "$url" "$2"
  shows "micro-health: $1, the reason" "$url?verbose" "$3"
  kill "$pid"
  wait "$pid" 2>/dev/null
}
at 'Debug.Health of a service' 'OK 200' $'+ greeter\nOK\n 200' "--server_address=$greeter"
at 'grpc.health.v1 alone' 'OK 200' $'+ greeter\nOK\n 200' "--server_address=$serving"
at 'NOT_SERVING' 'NOT_HEALTHY 500' '*with “NOT_SERVING”*500' "--server_address=$not_serving"
at 'another status' 'NOT_HEALTHY 500' '*with “degraded”*500' \
  "--server_address=$(sed -n 's/.*serves on //p' status.log)"
at 'nobody there' 'NOT_HEALTHY 500' '*Connection refused*500' --server_address=127.0.0.1:1
at 'a target that is silent' 'NOT_HEALTHY 500' '*within 300 ms*500' \
  "--server_address=$(sed -n 's/.*serves on //p' silent.log)" --rpc_timeout=300ms
at 'HTTP/1.1' 'NOT_HEALTHY 500' '*does not speak HTTP/2*500' "--server_address=$http"
at 'TLS where none is expected' 'NOT_HEALTHY 500' '*it speaks TLS*500' "--server_address=$tls"
at 'TLS' 'OK 200' '*OK*200' "--server_address=$tls" --tls_ca=ca.pem
at 'several, all well' 'OK 200' $'+ more\n+ greeter\nOK\n 200' "--server_address=$greeter" "--target=more=$serving"
at 'several, one not' 'NOT_HEALTHY 500' $'- more: *\n+ greeter\nNOT_HEALTHY\n 500' \
  "--server_address=$greeter" "--target=more=$not_serving"

sidecar sidecar.log --server_name=greeter "--server_address=$greeter"
shows 'micro-health: another path' "${url%/health}/healthz" '*404'
shows 'micro-health: live' "$url/live" 'OK 200'
shows 'micro-health: ready' "$url/ready?verbose" $'+ greeter\nOK\n 200'
[[ $(curl -s -X POST -d x=1 "http://$url") == OK ]] && count PASS any || count FAIL 'micro-health: POST'
# loaded TEXT URL: everybody is answered, and a call to the service in between too.
loaded ()
{
  local port=${2#*:} loader
  "$python" -B "$here/load.py" "${port%/*}" 1000 4 300 >"$work/load.log" 2>&1 &
  loader=$!
  sleep 2
  one "$1: a call meanwhile" 0 'Hello x' micro "--address=$greeter" call greeter Say.Hello name=x
  if wait "$loader"; then
    count PASS "$1"; say "passed: $1: $(cat "$work/load.log")"
  else
    count FAIL "$1: $(cat "$work/load.log")"
  fi
}
loaded 'micro-health: 1,000 requests a second, 300 slow clients' "$url"

# The target goes and comes back.
kill "$greeter_pid"
wait "$greeter_pid" 2>/dev/null
holds 'micro-health: the target stops' says "$url" 'NOT_HEALTHY 500'
start greeter.log "$build/examples/greeter/greeter-service" "--server-address=$greeter" --registry=memory
greeter_pid=$pid
holds 'micro-health: the target is back' says "$url" 'OK 200'
holds 'micro-health: it is ready again' says "$url/ready" 'OK 200'

# ends TEXT PID: by SIGTERM, with 0.
ends ()
{
  local status=0
  kill -TERM "$2"
  wait "$2" || status=$?
  ((status == 0)) && count PASS "$1" || count FAIL "$1: it ends with $status"
}
sidecar ends.log --server_name=greeter "--server_address=$greeter"
ends 'micro-health: SIGTERM' "$pid"
sidecar waits.log --server_name=greeter --rpc_timeout=5m \
  "--server_address=$(sed -n 's/.*serves on //p' silent.log)"
get "$url" >"$work/waits" 2>&1 &
sleep 1
ends 'micro-health: SIGTERM while somebody waits' "$pid"

health () { one "micro-health: $1" "$2" "$3" micro-health "${@:4}"; }
health 'an unknown flag' 2 'unknown option --healthy-address; did you mean --health-address' --healthy-address=:1
health 'no name' 2 '--server-name is not set' "--server_address=$greeter"
health 'no address' 2 '--server-address is not set' --server_name=greeter
health 'no address of its own' 2 '“nowhere” is not an address to listen on' --server_name=greeter \
  "--server_address=$greeter" --health_address=nowhere
health 'an address in use' 1 "cannot listen on $greeter: Address already in use; choose another" \
  --server_name=greeter "--server_address=$greeter" "--health_address=$greeter"
health 'an address that is not ours' 1 'cannot listen on 192.0.2.1:1: ' --server_name=greeter \
  "--server_address=$greeter" --health_address=192.0.2.1:1
