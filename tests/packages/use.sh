# SPDX-License-Identifier: Apache-2.0
# In the fresh Debian, without a compiler: the sidecar and the probe.
. /cases/cases.sh
port=20080

# A service to ask, of which there is none without a compiler: a sidecar has a gRPC server's health.
micro-health --server_name=greeter --server_address=localhost:9091 --health_address=127.0.0.1:$port >health.log 2>&1 &
sidecar=$!
code () { curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/health"; }
is_down () { [[ $(code) == 500 ]]; }
check 'the sidecar says that a target is down' wait_for is_down
kill $sidecar
wait $sidecar
check 'it ends well' test $? = 0
probe () { local status=0; micro-probe --server_name=greeter --server_address=127.0.0.1:9 || status=$?; [[ $status == 2 ]]; }
check 'the probe ends with 2 for it' probe
echo 'ended: use'
