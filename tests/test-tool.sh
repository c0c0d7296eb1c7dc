#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The tool: what it prints for people and for programs, and its exit codes.
. "$(dirname "$0")/functions.sh"
requires python3

serves "$work/service.log" "$abs_top_builddir/examples/greeter/greeter-service"

# json EXPRESSION COMMAND…: what it prints is JSON, of which the Python expression holds.
json ()
{
  local wanted=$1 output
  shift
  output=$("$@") || fail "$*: status $?"
  python3 -c 'import json, sys; d = json.load(sys.stdin); assert eval(sys.argv[1]), d' "$wanted" \
    <<<"$output" || fail "$*: not $wanted: $output"
}

# For people, and for programs.
expect 0 '^SERVICE  VERSION  ENDPOINTS  NODES$' micro list
expect 0 '^greeter  1\.0\.0    4          1$' micro list
expect 0 'ADDRESSES$' micro list -o wide
expect 0 '^greeter$' micro list -o name
json 'd["apiVersion"] == "micro/v1" and d["services"][0]["name"] == "greeter"' micro list -o json
json 'd["nodes"][0]["address"].startswith("127.")' micro list --output jsonl
MICRO_OUTPUT=json json 'd["services"][0]["endpoints"][1]["name"] == "Say.Collect"' micro get greeter
expect 0 '^endpoint Say.Hello$' micro get greeter
expect 0 '^greeter-' micro get greeter -o name
json 'd == {"msg": "Hello John"}' micro call greeter Say.Hello name=John
json 'd == {"msg": "Hello J=1"}' micro call greeter Hello name=J=1 -o raw
json 'd["pluginAbi"]' micro version -o json
json 'any(p["name"] == "roundrobin" for p in d["plugins"])' micro plugins -o json
expect 0 '^micro [0-9.]+$' micro version

# Requests from a file and from standard input; streams.
echo '{"name": "File"}' >"$work/request.json"
expect 0 'Hello File' micro call greeter Hello "@$work/request.json"
expect 0 'Hello File' bash -c "micro call greeter Hello - <'$work/request.json'"
json 'd == {"msg": "Hello A, B"}' bash -c \
  "printf '{\"name\": \"%s\"}\n\n' A B | micro stream greeter Collect -"
[[ $(micro stream greeter Say.Repeat name=A -o jsonl | grep -c 'Hello A') == 3 ]] || fail 'no three'
expect 2 'line 2 of standard input' bash -c \
  'printf "{}\nno\n" | micro stream greeter Say.Chat -'
expect 2 'hint: micro stream greeter Say.Repeat' micro call greeter Repeat name=A
json 'd["status"] == "ok"' micro call greeter Debug.Health
json 'd["status"] == "SERVING"' micro call greeter /grpc.health.v1.Health/Check service=greeter.Say

# Mistakes: what, why, what to try.
expect 0 '^micro [0-9.]+$' micro --registry local --selector static --register-ttl=60 version
expect 0 '^roundrobin$' micro plugins --selector static -o name
expect 0 '^greeter$' micro list -oname
json 'd["services"]' micro list -o=json
expect 0 'Hello A' micro call greeter Hello -- name=A
expect 2 'help: of one command, not of “get” too' micro help list get
expect 2 '“help” has nothing to print in a format' micro help -o json
expect 2 'there is no command “lst”' micro lst
expect 2 'did you mean “micro list”' micro lst
expect 2 'unknown option --frob' micro --frob list
expect 2 'unknown option --frob' micro plugins --frob
expect 2 '“yaml” is none of table' micro list -o yaml
expect 2 'name a service and a method' micro call greeter
expect 2 '^Usage: micro' micro
expect 3 'did you mean “greeter”' micro get greete
expect 3 'did you mean “Say.Hello”' micro call greeter Say.Helo
expect 3 'did you mean “Hello”' micro call greeter Helo
expect 3 'no service “zzz”' micro call zzz Say.Hello
expect 76 'UNIMPLEMENTED \(12\): unknown method Nope of service Say' \
  micro call greeter /greeter.Say/Nope
expect 2 '“5” is not a time' micro call greeter Hello --timeout=5
for time in 0s 99999999h; do
  expect 2 "“$time” is out of range" micro call greeter Hello --timeout="$time"
done
for value in '!!' a YQ= YQ==== 'YQ=='x; do
  expect 2 '“x-bin” cannot be a header: its value is not base64' micro call greeter Hello --metadata="x-bin=$value"
done
expect 0 'Hello' micro call greeter Hello name=J --metadata=x-bin=YQ --metadata=x-bin=YQ==
expect 2 'MICRO_OUTPUT: “zzz” is none of' env MICRO_OUTPUT=zzz micro list
expect 2 '“@” has no file name' micro call greeter Hello @
expect 2 'no registry named “nowhere”' "$abs_top_builddir/examples/greeter/greeter-service" \
  --registry=nowhere
expect 2 '“=x” is not key=value' micro call greeter Hello --metadata =x
expect 2 'not printable ASCII' micro call greeter Hello --metadata $'a=\x01'
expect 2 'no registry named “nowhere”|nowhere' micro --registry=nowhere list

# Nothing is registered: a word for people, nothing for programs.
kill "$pid"; wait "$pid" || true; pids=()
expect 0 'No services are registered' micro list
json 'd["services"] == []' micro list -o json
[[ -z $(micro list -o name 2>&1) ]] || fail 'names of nobody'

# A registry that depends on nothing is asked what it knows; one that does says what is amiss.
expect 0 '^ok +registry: local, which knows 0 services$' micro doctor
json '[c["result"] for c in d["checks"]] == ["ok"]' micro doctor -o json
expect 2 'doctor: takes no argument “x”' micro doctor x
export KUBERNETES_SERVICE_HOST='' KUBECONFIG=/nonexistent
expect 4 '^failed +configuration: .*/nonexistent' micro --registry=kubernetes doctor
expect 4 '^ +fix: .*--registry-address' micro --registry=kubernetes doctor
