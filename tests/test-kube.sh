#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# micro kube: manifests that fit together, and what it refuses; an API server takes them in
# tests/kubernetes. Those of packaging/kubernetes are what it prints.
. "$(dirname "$0")/functions.sh"
unset MICRO_REGISTRY MICRO_SELECTOR MICRO_BROKER

"$abs_top_srcdir/packaging/kubernetes/generate" "$work/new"
for file in $(cd "$work/new" && find . -type f); do
  diff -u "$abs_top_srcdir/packaging/kubernetes/$file" "$work/new/$file" ||
    fail 'write them again: packaging/kubernetes/generate'
done
test "$(find "$work/new" -type f | wc -l)" -ge 5

# has PATTERN ARGUMENT…; lacks likewise: what is printed for the arguments.
has () { expect 0 "$1" micro kube "${@:2}"; }
lacks ()
{
  local text
  text=$(micro kube "${@:2}") || fail "micro kube ${*:2}: status $?"
  ! grep -Eq -- "$1" <<<"$text" || fail "micro kube ${*:2} has $1"
}
kinds () { micro kube "$@" | sed -n 's/^kind: //p' | tr '\n' ' '; }
[[ $(kinds greeter) == 'ServiceAccount Role RoleBinding Deployment Service PodDisruptionBudget ' ]] ||
  fail "$(kinds greeter)"
# Whoever does not ask the API server has no rights there, and no token.
[[ $(kinds greeter --registry=memory) == 'ServiceAccount Deployment Service PodDisruptionBudget ' ]] ||
  fail "$(kinds greeter --registry=memory)"
has ' automountServiceAccountToken: true' greeter
lacks 'automountServiceAccountToken: true' greeter --registry=memory
expect 0 'value: memory' env MICRO_REGISTRY=memory micro kube greeter
# The Service selects the pods of the Deployment.
[[ $(micro kube greeter | grep -c '{app: greeter}') -ge 8 ]] || fail 'labels'
has 'clusterIP: None' greeter --selector=dns
lacks 'clusterIP' greeter
has 'max_connection_age' greeter --selector=static
has '^  name: go-micro-srv-greeter$' go.micro.srv.Greeter
has 'server_name=go.micro.srv.Greeter$' go.micro.srv.Greeter
has 'image: registry.example:5000/shop/greeter@sha256:00$' greeter --image=registry.example:5000/shop/greeter@sha256:00
# An image that is named comes from a registry; the other is what was loaded into the node.
[[ $(micro kube greeter --probe=sidecar | grep -c 'imagePullPolicy: IfNotPresent') == 2 ]] || fail 'pull policy'
lacks imagePullPolicy greeter --image=registry.example/greeter:1
has '^  namespace: shop$' greeter -n shop
has 'targetPort: 9090' greeter --port 9090
has 'replicas: 0' greeter --replicas=0
# Static: the record is in the template, and nothing may be patched.
expect 0 'micro.mu/selector-greeter: service' micro kube greeter --registry-register=static
expect 0 '"address":":9090"' env MICRO_REGISTRY_REGISTER=static micro kube greeter --port=9090
lacks 'patch|@' greeter --registry-register=static
lacks 'micro.mu' greeter
lacks 'micro.mu' greeter --registry-register=static --registry=memory
has 'selector-h-[0-9a-f]{32}: service' "$(printf 'a%.0s' {1..63})" --registry-register=static
has 'server_version=2.1.0$' greeter --server-version=2.1.0
lacks 'server_version' greeter
has '10001' greeter --broker=http
lacks '10001' greeter --broker=nats
for probe in 'http path: /health/live' 'grpc grpc: \{port: 8080\}' 'exec /probe' 'sidecar image: micro-health:latest'; do
  has "${probe#* }" greeter --probe="${probe%% *}"
done
lacks '@' greeter --broker=http --probe=sidecar

# A word that YAML takes for something else than text is in quotes wherever it stands by itself.
for word in true off n null 0; do
  [[ $word == 0 ]] || has "\{app: \"$word\"\}" "$word"
  [[ $word == 0 ]] || has "^  namespace: \"$word\"\$" greeter --namespace="$word"
  for option in selector registry broker; do has "value: \"$word\"\}" greeter "--$option=$word"; done
  has "image: \"$word\"\$" greeter --image="$word"
done
# Nobody listens where another of the pod does.
expect 2 'port: 8081 is where probes are answered; choose another, or --probe=grpc' micro kube greeter --port=8081
expect 2 'port: 8081 is where probes' micro kube greeter --port=8081 --probe=sidecar
has 'grpc: \{port: 8081\}' greeter --port=8081 --probe=grpc
expect 2 'port: 10001 is where the http broker listens' micro kube greeter --port=10001 --broker=http
has 'containerPort: 10001' greeter --port=10001 --broker=nats

expect 2 'takes one argument' micro kube
expect 2 'takes one argument' micro kube a b
expect 2 'cannot be the name of a Service' micro kube 9lives
expect 2 'cannot be the name of a Service' micro kube ''
expect 2 'cannot be the name of a Service' micro kube "$(printf 'a%.0s' {1..64})"
expect 2 'cannot be the name of a Service' micro kube $'a\nb'
has 'aaa' "$(printf 'a%.0s' {1..63})"
expect 2 'image: “x: y” is no' micro kube greeter '--image=x: y'
expect 2 'namespace: “Shop” is not' micro kube greeter --namespace=Shop
expect 2 'selector: “a b” is no' micro kube greeter '--selector=a b'
expect 2 'none of patch, static' micro kube greeter --registry-register=lease
expect 2 'server-version: “1: 2” is no' micro kube greeter '--server-version=1: 2'
expect 2 'port: 0 is not' micro kube greeter --port=0
expect 2 'less than none' micro kube greeter --replicas=-1
expect 2 'none of http, grpc, exec, sidecar' micro kube greeter --probe=tcp
expect 2 'unknown option --image' micro list --image=x
