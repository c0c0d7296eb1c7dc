# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/selectors/run: CoreDNS, as it serves a cluster, over a real kube-apiserver. No
# pod runs there, so nodes are looked at and not called.

cluster () { MICRO_KUBE_FOLDER=$work/kubernetes "$top/tests/kubernetes/cluster" "$@"; }
stop_cluster ()
{
  local status=$?
  cluster down >/dev/null 2>&1
  (exit "$status")
  clean_up
}
PATH=$build/peers:$PATH
cluster_port=$(free_port)
ready_port=$(free_port)
cat >"$work/Corefile" <<EOF
cluster.local:$cluster_port {
  bind 127.0.0.1
  ready 127.0.0.1:$ready_port
  errors
  kubernetes cluster.local {
    kubeconfig $work/kubernetes/kubeconfig
    ttl 1
  }
}
.:$cluster_port {
  bind 127.0.0.1
  template ANY ANY {
    rcode NXDOMAIN
  }
}
EOF

# slice NAME READY ADDRESS…: an EndpointSlice of the Service greeter, as the controller would write it.
slice ()
{
  local address
  cat <<EOF
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: $1, labels: {kubernetes.io/service-name: greeter}}
addressType: IPv4
ports: [{name: grpc, port: 9090, protocol: TCP}]
endpoints:
EOF
  for address in "${@:3}"; do echo "- {addresses: [$address], conditions: {ready: $2}}"; done
  echo ---
}
apply () { cluster kubectl apply -f - >"$work/apply" 2>&1 || fail "$(cat "$work/apply")"; }

# As a pod has it in /etc/resolv.conf.
in_pod ()
{
  LOCALDOMAIN='default.svc.cluster.local svc.cluster.local cluster.local' RES_OPTIONS=ndots:5 \
    micro --selector=dns --selector-servers="127.0.0.1:$cluster_port" --registry=memory "$@"
}
nodes () { in_pod get "$1" 2>/dev/null | grep -oE '^[0-9.]+:[0-9]+' | sort | tr '\n' ' '; }
nodes_are () { [[ $(nodes greeter) == "$*${1:+ }" ]]; }
become () { wait_for 20 nodes_are "$@" || fail "$(in_pod get greeter 2>&1), not $*"; }

headless_service ()
{
  {
    slice one true 10.1.0.1 10.1.0.2
    slice two false 10.1.0.3
    cat <<'EOF'
apiVersion: v1
kind: Service
metadata: {name: greeter}
spec: {clusterIP: None, ports: [{name: grpc, port: 9090}]}
EOF
  } | apply
  become 10.1.0.1:9090 10.1.0.2:9090
  { slice one true 10.1.0.2; slice two true 10.1.0.3; } | apply
  become 10.1.0.2:9090 10.1.0.3:9090
}

many_pods ()
{
  slice two true $(for i in {0..249}; do echo "10.2.0.$i"; done) | apply
  wait_for 20 eval '(($(nodes greeter | wc -w) == 251))' || fail "$(in_pod get greeter | wc -l) lines"
}

cluster_address ()
{
  local address
  apply <<'EOF'
apiVersion: v1
kind: Service
metadata: {name: fixed}
spec: {ports: [{name: grpc, port: 9091}]}
EOF
  address=$(cluster kubectl get service fixed -o 'jsonpath={.spec.clusterIP}')
  wait_for 20 eval '[[ $(nodes fixed) == '"$address"':9091\  ]]' || fail "$(in_pod get fixed 2>&1), not $address"
}

gone_service ()
{
  expect 3 'no service “nobody” in DNS' in_pod call nobody Hello
  cluster kubectl delete service greeter >/dev/null
  wait_for 20 eval '! in_pod get greeter' || fail 'greeter is still there'
}

trap stop_cluster EXIT
if step 'Compiling CoreDNS' go_program coredns "$here/coredns" && step 'Starting a cluster' cluster up; then
  background "$work/coredns" coredns -conf "$work/Corefile"
  wait_for 60 curl -fsS "http://127.0.0.1:$ready_port/ready" || fail "CoreDNS: $(cat "$work/coredns")"
  check 'dns: a headless Service of Kubernetes, and pods that come and go' headless_service
  check 'dns: a headless Service of 251 pods' many_pods
  check 'dns: a Service with a cluster IP' cluster_address
  check 'dns: a Service that is not there, or no more' gone_service
else
  count FAIL 'a cluster with CoreDNS'
fi
