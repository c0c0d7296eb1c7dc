#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# go-micro's flags and variables mean here what they mean there; a flag wins over its variable.
. "$(dirname "$0")/functions.sh"
greeter=$abs_top_builddir/examples/greeter/greeter-service

# serve NAME COMMAND…: a greeter that gets listed under NAME.
serve ()
{
  serves "$work/log" "${@:2}"
  listed "$1" || fail "$1 is not listed: $(cat "$work/log")"
}
end () { ends "$pid" "$work/log"; }

# Name, value, and what of it shows in the record ("-": nothing).
table='
server_name         named              ^named\b
server_version      7.8.9              \b7\.8\.9\b
server_id           the-id             named-the-id
server_advertise    127.0.0.1:4321     127\.0\.0\.1:4321
server_metadata     zone=a             zone=a
server_address      127.0.0.1:0        -
server              grpc               -
client              grpc               -
client_request_timeout 5s              -
client_retries      2                  -
client_pool_size    3                  -
client_pool_ttl     1m                 -
register_ttl        90                 -
register_interval   45                 -
registry            local              registry=local
registry_address    127.0.0.1:1        -
selector            registry           -
transport           grpc               transport=grpc
transport_address   127.0.0.1:2        -
broker_address      127.0.0.1:3        -
'
flags=() dashed=() variables=() others=() patterns=()
while read -r name value pattern; do
  [[ -n $name ]] || continue
  flags+=("--$name=$value")
  dashed+=("--${name//_/-}" "$value")
  variables+=("MICRO_${name^^}=$value")
  case $name in # another legal value, for the variable that must lose
    *_ttl | *_size | *_retries | *_interval) others+=("MICRO_${name^^}=1${value//[0-9]/}") ;;
    server | client | registry | transport) others+=("MICRO_${name^^}=nosuch") ;;
    selector) others+=("MICRO_SELECTOR=nosuch") ;;
    *metadata) others+=("MICRO_SERVER_METADATA=zone=b") ;;
    *timeout) others+=("MICRO_${name^^}=1ms") ;;
    *) others+=("MICRO_${name^^}=other") ;;
  esac
  [[ $pattern == - ]] || patterns+=("$pattern")
done <<<"$table"

shows ()
{
  for pattern in "${patterns[@]}"; do expect 0 "$pattern" micro get named; done
}
serve named "$greeter" "${flags[@]}"; shows; end
serve named "$greeter" "${dashed[@]}"; shows; end
serve named env "${variables[@]}" "$greeter"; shows; end
serve named env "${others[@]}" "$greeter" "${flags[@]}"; shows
! grep -q 'zone=b' <<<"$(micro get named)" || fail 'the metadata of the variable are there too'
end

# Repeated flags, and a variable with commas; a value may contain "=".
serve named "$greeter" --server_name=named --server_metadata=a=1 --server_metadata b=x=y
expect 0 'a=1.*b=x=y' micro get named
end

# A call's deadline, by flag and by variable: the service is there and does not answer.
serve greeter "$greeter"
kill -STOP "$pid"
expect 68 'DEADLINE_EXCEEDED.*100 ?ms' micro --client_request_timeout=100ms call greeter Say.Hello name=x
MICRO_CLIENT_REQUEST_TIMEOUT=200ms expect 68 '200 ?ms' micro call greeter Say.Hello name=x
MICRO_CLIENT_REQUEST_TIMEOUT=1h expect 68 '100 ?ms' \
  micro --client_request_timeout 100ms call greeter Say.Hello name=x
kill -CONT "$pid"

# Every call by way of a proxy, found by its address or by its name.
client=$abs_top_builddir/examples/greeter/greeter-client
MICRO_PROXY=$address MICRO_REGISTRY=memory expect 0 '^Hello Joan$' "$client" Joan
MICRO_PROXY=$address expect 0 'Hello Joan' micro call nobody Say.Hello name=Joan
expect 1 'no service .*greeter' env MICRO_REGISTRY=memory "$client" Joan
end
serve relay "$greeter" --server_name=relay
MICRO_PROXY=relay expect 0 '^Hello Joan$' "$client" Joan
MICRO_PROXY=service expect 1 'no service .*go\.micro\.proxy' "$client" Joan
expect 1 'no service .*greeter' "$client" Joan

# Without a flag: plugins to load, how much to say.
so=$abs_top_builddir/plugins/.libs/random-selector.so
if [[ -e $so ]]; then
  MICRO_LOG_LEVEL=info MICRO_PLUGIN=$so expect 0 "loading $so" micro list
  said=$(MICRO_LOG_LEVEL=error MICRO_PLUGIN=$so micro list 2>&1)
  [[ $said != *loading* ]] || fail 'loading at error'
fi
