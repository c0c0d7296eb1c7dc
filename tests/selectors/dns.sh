# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/selectors/run: what the dns selector makes of what a server has.

zone 1 'ns2 A 127.0.0.1'
start_dns
backend a 127.0.0.1:0
a=$pid p=$port
backend b "127.0.0.2:$p"
b=$pid
backend c "127.0.0.3:$p"
backend v6 "[::1]:$p"
backend d 127.0.0.1:0
d_port=$port

# All 300 calls are answered.
three ()
{
  caller "${dns[@]}" --selector-port="$p" --calls=300 "$@" >"$work/out" 2>&1 || fail "$*: $(cat "$work/out")"
}

headless ()
{
  zone 60 'greeter A 127.0.0.1' 'greeter A 127.0.0.2' 'greeter A 127.0.0.3'
  three greeter
  for label in a b c; do between "$work/out" $label 95 105; done
}
check 'dns: addresses share calls evenly' headless

two_families ()
{
  zone 60 'greeter A 127.0.0.2' 'greeter AAAA ::1'
  three greeter
  for label in b v6; do between "$work/out" $label 145 155; done
}
check 'dns: A and AAAA' two_families

by_weight ()
{
  zone 60 "_grpc._tcp.greeter SRV 0 10 $p h1" "_grpc._tcp.greeter SRV 0 20 $p h2" \
    "_grpc._tcp.greeter SRV 1 99 $d_port h1" 'h1 A 127.0.0.1' 'h2 A 127.0.0.2' 'greeter A 127.0.0.9'
  three greeter
  between "$work/out" a 95 105 && between "$work/out" b 195 205 && between "$work/out" d 0 0
}
check 'dns: SRV ports, weights and priorities go before addresses' by_weight

next_priority ()
{
  zone 60 "_grpc._tcp.greeter SRV 0 1 1 h1" "_grpc._tcp.greeter SRV 5 1 $d_port h1" 'h1 A 127.0.0.1'
  three greeter
  between "$work/out" d 300 300
}
check 'dns: the next priority when the first refuses' next_priority

named_port ()
{
  zone 60 "_rpc._tcp.greeter SRV 0 1 $d_port h1" 'h1 A 127.0.0.1' 'greeter A 127.0.0.2'
  three --selector-port-name=rpc greeter && between "$work/out" d 300 300
  three --selector-port-name= greeter && between "$work/out" b 300 300
  three "greeter.test:$p" && between "$work/out" b 300 300
}
check 'dns: the name of the port, none, and a port in the name' named_port

# Hosts of another zone come without their addresses.
no_glue ()
{
  zone 60 "_grpc._tcp.greeter SRV 0 1 $p h1.away" "_grpc._tcp.greeter SRV 0 1 $p localhost."
  three greeter && between "$work/out" a 100 300
}
check 'dns: hosts of SRV that are asked for, and one that is nowhere' no_glue

aliases ()
{
  zone 60 'greeter CNAME real' 'real A 127.0.0.3'
  three greeter && between "$work/out" c 300 300
}
check 'dns: CNAME' aliases

search ()
{
  zone 60 'greeter.prod A 127.0.0.3'
  LOCALDOMAIN=prod.test caller --selector=dns --selector-servers="127.0.0.1:$dns_port" --registry=memory \
    --selector-port="$p" --calls=10 greeter >"$work/out"
  between "$work/out" c 10 10
}
check 'dns: the search list' search

names ()
{
  local long=$(printf 'x%.0s' {1..63})
  zone 60 'go.micro.greeter A 127.0.0.1' 'go-micro-greeter A 127.0.0.2' 'xn--bcher-kva A 127.0.0.3' \
    "$long A 127.0.0.1" 'greeter.prod.svc A 127.0.0.2'
  expect 0 '^now a' caller "${dns[@]}" --selector-port="$p" --calls=1 go.micro.greeter
  expect 0 '^now b' caller "${dns[@]}" --selector-port="$p" --calls=1 --selector-dashes go.micro.greeter
  expect 0 '^now c' caller "${dns[@]}" --selector-port="$p" --calls=1 bücher
  expect 0 '^now a' caller "${dns[@]}" --selector-port="$p" --calls=1 "$long"
  expect 2 'has more than 63 characters' micro "${dns[@]}" call "x$long" Hello
  expect 2 'a part of it is empty' micro "${dns[@]}" call a..b Hello
  expect 0 '^now b' caller "${dns[@]}" --selector-port="$p" --calls=1 \
    --selector-template='{name}.{namespace}.svc.{domain}:{port}' --selector-namespace=prod greeter
}
check 'dns: names with dots, of 63 characters, not ASCII, by a template' names

# SRV, A and AAAA: three questions for as long as the TTL is.
asks_once ()
{
  zone 3600 'greeter A 127.0.0.1'
  before=$(questions)
  three --at-once=4 greeter
  (($(questions) - before == 3)) || fail "$before questions became $(questions)"
}
check 'dns: asks once for all calls within a TTL' asks_once

follows ()
{
  zone 1 'greeter A 127.0.0.1'
  background "$work/follow" "$build/tests/selectors/caller" "${dns[@]}" --selector-port="$p" --pause=10 \
    --duration=20 greeter
  has "$work/follow" '^now a'
  zone 1 'greeter A 127.0.0.2'
  has "$work/follow" '^now b'
  zone 1 'other A 127.0.0.2'
  has "$work/follow" '^now failed: no service'
  zone 1 'greeter A 127.0.0.3'
  has "$work/follow" '^now c'
}
check 'dns: follows the records when their TTL is over, to none and back' follows

asks_early ()
{
  zone 3600 'greeter A 127.0.0.7'
  backend gone "127.0.0.7:$p"
  gone=$pid
  background "$work/early" "$build/tests/selectors/caller" "${dns[@]}" --selector-port="$p" --pause=10 \
    --duration=20 greeter
  has "$work/early" '^now gone'
  zone 3600 'greeter A 127.0.0.3'
  end "$gone"
  has "$work/early" '^now c'
}
check 'dns: asks before the TTL is over when a node is gone' asks_early
