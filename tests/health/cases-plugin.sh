# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/health/run: --health=http of a service, and what grpc.health.v1 says meanwhile.

# service OPTION…: sets address, url and pid.
service ()
{
  start service.log "$build/examples/greeter/greeter-service" --server-address=127.0.0.1:0 \
    --registry=memory --health=http --health-address=127.0.0.1:0 --health-interval-ms=100 "$@"
  url=$(sed -n 's|.*answered on http://||p' service.log)
}
service
holds 'http-health: ready' says "$url/ready" 'OK 200'
shows 'http-health: the original path' "$url" 'OK 200'
shows 'http-health: live' "$url/live?verbose" $'+ loops\nOK\n 200'
shows 'http-health: verbose' "$url?verbose" $'+ listening\n+ registered\n+ loops\nOK\n 200'
shows 'http-health: another path' "${url%/health}/metrics" '*404'
greeter=$address
loaded 'http-health: 1,000 requests a second, 300 slow clients' "$url"

# Told to stop, it is not ready, and answers until it ends.
kill "$pid"
wait "$pid" && count PASS stop || count FAIL 'http-health: SIGTERM'
service --drain-delay=20s
holds 'http-health: ready before it is told to stop' says "$url" 'OK 200'
kill "$pid"
holds 'http-health: told to stop, it is not ready' says "$url" 'NOT_HEALTHY 500'
shows 'http-health: and says why' "$url?verbose" '*- serving: the service stops*'
shows 'http-health: told to stop, it lives' "$url/live" 'OK 200'
one 'grpc.health.v1: told to stop' 0 'NOT_SERVING' micro "--address=$address" call greeter \
  /grpc.health.v1.Health/Check '{}'
kill -9 "$pid"

# Checks of a port and of a URL, that come and go.
start depends.log "$python" -B "$here/target.py" http
depends=$address depends_pid=$pid
service "--health-tcp=port=$depends" "--health-http=page=http://$depends/nothing" --health-optional=page
holds 'http-health: a port that answers' says "$url" 'OK 200'
holds 'http-health: a URL that does not, and may' says "$url?verbose" \
  '*! page: http://'"$depends"'/nothing: the answer is HTTP status 501 (not critical)*OK*200'
kill "$depends_pid"
holds 'http-health: the port is gone' says "$url/ready" 'NOT_HEALTHY 500'
shows 'http-health: and says so' "$url?verbose" '*- port: '"$depends"': *refused*'
shows 'http-health: it lives all the same' "$url/live" 'OK 200'
holds 'grpc.health.v1 follows' eval "micro --address=$address call greeter \
  /grpc.health.v1.Health/Check '{}' | grep -q NOT_SERVING"
one 'micro-probe: Debug.Health is about living' 0 '^$' micro-probe --server_name=greeter "--server_address=$address"
sidecar sidecar.log --server_name=greeter "--server_address=$(sed -n 's/.*serves on \([^ ,]*\),.*/\1/p' service.log)"
shows 'micro-health: /health/ready asks grpc.health.v1' "$url/ready" 'NOT_HEALTHY 500'
shows 'micro-health: /health asks Debug.Health' "$url" 'OK 200'

# A check that hangs.
service "--health-http=silent=http://$(sed -n 's/.*serves on //p' silent.log)/" --health-timeout-ms=200
holds 'http-health: a check that hangs has failed' says "$url?verbose" \
  '*- silent: it has not answered within 200 ms*'

plugin () { one "http-health: $1" "$2" "$3" "$build/examples/greeter/greeter-service" --health=http "${@:4}"; }
plugin 'no address' 2 '--health-address: “here” is not an address' --health-address=here
plugin 'an address in use' 1 'cannot listen on .*: Address already in use' "--health-address=$address"
plugin 'a check that is none' 2 '--health-tcp: “db” is not NAME=HOST:PORT' --health-tcp=db
plugin 'a number that is none' 2 '--health-interval-ms: “soon” is not a whole number' --health-interval-ms=soon
plugin 'an unknown option' 2 'the “http” health has no such option' --health-nonsense=1
