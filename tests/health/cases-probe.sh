# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/health/run: micro-probe, and every kind of target.

start greeter.log "$build/examples/greeter/greeter-service" --server-address=127.0.0.1:0 --registry=memory
greeter=$address greeter_pid=$pid
probe 'Debug.Health of a service' 0 '^$' "--server_address=$greeter"
probe 'says so' 0 "^greeter at $greeter is well$" "--server_address=$greeter" --verbose
probe 'a flag as Go has it' 0 'is well' "--server_address=$greeter" --verbose=true
probe 'flags with dashes' 0 'is well' --server-address "$greeter" --rpc-timeout 5s --verbose
one 'micro-probe: variables alone' 0 'is well' env MICRO_SERVER_NAME=greeter "MICRO_SERVER_ADDRESS=$greeter" \
  MICRO_VERBOSE=true MICRO_REGISTRY=kubernetes MICRO_SELECTOR=static MICRO_HEALTH=nosuch micro-probe
probe 'an address of all interfaces' 0 '^$' "--server_address=0.0.0.0:${greeter##*:}"
probe 'a name that is not its own' 0 '^$' "--server_address=$greeter" --server_name=other

start serving.log "$build/peers/grpc-health" serving
serving=$address
probe 'grpc.health.v1 of gRPC C++, SERVING' 0 '^$' "--server_address=$address"
start not-serving.log "$build/peers/grpc-health" not-serving
not_serving=$address
probe 'grpc.health.v1 of gRPC C++, NOT_SERVING' 4 'answers grpc.health.v1 with “NOT_SERVING”' \
  "--server_address=$address"
start status.log "$python" -B "$here/target.py" status degraded
probe 'another status' 4 'answers Debug.Health with “degraded”' "--server_address=$address"
start empty.log "$python" -B "$here/target.py" empty
probe 'no status at all' 4 'answers Debug.Health with “”' "--server_address=$address"
start fails.log "$python" -B "$here/target.py" fails
probe 'a call that fails' 2 'INTERNAL: the disk is on fire' "--server_address=$address"
start garbage.log "$python" -B "$here/target.py" garbage
probe 'an answer that is none' 2 'with what is no such answer' "--server_address=$address"

probe 'nobody there' 2 'UNAVAILABLE: .*Connection refused' --server_address=127.0.0.1:1
start http.log "$python" -B "$here/target.py" http
http=$address
probe 'HTTP/1.1' 2 'UNAVAILABLE: .* does not speak HTTP/2' "--server_address=$address"
start tls.log "$build/examples/greeter/greeter-service" --server-address=127.0.0.1:0 --registry=memory \
  --tls-cert=server.pem --tls-key=server.key
tls=$address
probe 'TLS where none is expected' 2 'it speaks TLS; give --tls-ca' "--server_address=$tls"
probe 'TLS' 0 '^$' "--server_address=$tls" --tls-ca=ca.pem
probe 'TLS with both spellings' 0 '^$' "--server_address=$tls" --tls_ca ca.pem
probe 'TLS, by an authority nobody knows' 2 'signed by “CN=ca”' "--server_address=$tls" --tls
probe 'no TLS where it is expected' 2 'it answers without TLS' "--server_address=$greeter" --tls-ca=ca.pem

# Each of the two times is its own: the other one is too long for this to end.
start silent.log "$python" -B "$here/target.py" silent
probe 'connected, and silent' 2 'has not answered Debug.Health within 300 ms' "--server_address=$address" \
  --connect_timeout=5m --rpc_timeout=300ms
kill -STOP "$greeter_pid"
probe 'a process that stands still' 2 'has not answered Debug.Health within 300 ms' \
  "--server_address=$greeter" --connect_timeout=5m --rpc_timeout=300ms
kill -CONT "$greeter_pid"
start full.log "$python" -B "$here/target.py" full
probe 'nobody accepts' 2 'cannot be connected to within 300 ms' "--server_address=$address" \
  --connect_timeout=300ms --rpc_timeout=5m
probe 'handshakes belong to connecting' 2 "(cannot be connected|did not answer|cannot connect).*400 ms" \
  "--server_address=$(sed -n 's/.*serves on //p' silent.log)" --tls-ca=ca.pem \
  --connect_timeout=400ms --rpc_timeout=5m

probe 'several, all well' 0 'more at .* is well' "--server_address=$greeter" "--target=more=$serving" --verbose
probe 'several, one not well' 4 '^micro-probe: more: ' "--server_address=$greeter" "--target=more=$not_serving"
probe 'several, one not there' 2 '^micro-probe: more: ' --server_address=127.0.0.1:1 "--target=more=$not_serving"

probe 'an unknown flag' 1 'unknown option --sever-address; did you mean --server-address' --sever_address=x
probe 'no address' 1 '--server-address is not set' --verbose
one 'micro-probe: no name' 1 '--server-name is not set' micro-probe "--server_address=$greeter"
probe 'an address without a port' 1 'has no port' --server_address=localhost
probe 'a time that is none' 1 '--connect-timeout: “soon” is not a duration' \
  "--server_address=$greeter" --connect_timeout=soon
probe 'no time at all' 1 '--rpc-timeout: “0” is not a duration' "--server_address=$greeter" --rpc_timeout=0
probe 'a word too many' 1 'unexpected argument “now”' "--server_address=$greeter" now
probe 'a target without a name' 1 '“localhost:1” is not NAME=ADDRESS' --target=localhost:1
micro-probe --server_name=x "--server_address=$(sed -n 's/.*serves on //p' silent.log)" --rpc_timeout=5m &
waiting=$!
sleep 1
kill -INT "$waiting" 2>/dev/null
status=0
wait "$waiting" || status=$?
# bash starts what runs in the background deaf to SIGINT; SIGTERM is heard.
((status == 130)) && count PASS interrupt || count FAIL "micro-probe: interrupted, it ends with $status"
