# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/selectors/run: servers that deny, fail, are silent, or have very much to say.

call () { micro "${dns[@]}" call "$1" Hello; }

denied ()
{
  zone 1 'text TXT "no address"' '_grpc._tcp.never SRV 0 0 0 .'
  expect 3 'no service “nobody” in DNS: nobody.test has no address, and no SRV at _grpc._tcp.nobody.test' call nobody
  expect 3 'no service “text” in DNS' call text
  expect 3 'says that there is none' call never
}
check 'dns: NXDOMAIN, no records, and an SRV record that denies' denied

# broken has no file of its zone; of elsewhere the server knows nothing.
fails ()
{
  dns=(--selector=dns --selector-servers="127.0.0.1:$dns_port" --registry=memory)
  expect 4 '“x.broken” cannot be found: DNS fails for x.broken: .*general failure.*asked 127.0.0.1:' call x.broken
  expect 4 '“x.elsewhere” cannot be found: DNS fails for x.elsewhere: .*refused' call x.elsewhere
}
check 'dns: SERVFAIL and REFUSED' fails

nobody_there ()
{
  dns=(--selector=dns --selector-servers="127.0.0.1:$(free_port)" --registry=memory)
  expect 4 '“greeter” cannot be found: DNS fails for greeter: Could not contact' call greeter
}
check 'dns: no server on the port' nobody_there

next_server ()
{
  zone 60 'greeter A 127.0.0.1'
  caller --selector=dns --selector-servers="127.0.0.1:$(free_port),127.0.0.1:$dns_port" --registry=memory \
    --selector-port="$p" --calls=100 greeter.test >"$work/out" || fail "$(cat "$work/out")"
  between "$work/out" a 100 100
}
check 'dns: the next server when there is none at the first' next_server

silent ()
{
  zone 1 'greeter A 127.0.0.1'
  background "$work/silent" "$build/tests/selectors/caller" "${dns[@]}" --selector-port="$p" --pause=10 \
    --duration=12 greeter
  caller_pid=$pid
  has "$work/silent" '^now a'
  kill -STOP "$dns_pid"
  status=0
  (expect 4 '“other” cannot be found: DNS does not answer for other.test .*is the server up\?' call other) || status=1
  sleep 3
  kill -CONT "$dns_pid"
  wait "$caller_pid" && ((status == 0)) && [[ $(failures "$work/silent") == 0 ]]
}
check 'dns: a silent server; known nodes go on being called past their TTL' silent

end "$dns_pid"
restarted ()
{
  zone 1 'greeter A 127.0.0.1'
  start_dns
  background "$work/restarted" "$build/tests/selectors/caller" "${dns[@]}" --selector-port="$p" --pause=10 \
    --duration=15 greeter
  has "$work/restarted" '^now a'
  end "$dns_pid"
  dns_pid=
  zone 1 'greeter A 127.0.0.2'
  sleep 1.5
  start_dns
  has "$work/restarted" '^now b' && ! grep -q failed "$work/restarted"
}
dns_pid=
check 'dns: a server that ends and comes back' restarted
start_dns

# Too long for UDP.
thousand ()
{
  zone 60 $(for i in {0..3}; do for j in {0..249}; do echo "greeter/A/127.1.$i.$j"; done; done)
  backend everywhere 0.0.0.0:0
  before=$(tcp_questions)
  micro "${dns[@]}" --selector-port="$port" get greeter >"$work/out"
  (($(grep -c '127\.1\..*:' "$work/out") == 1000)) || fail "$(tail -n 3 "$work/out")"
  (($(tcp_questions) > before)) || fail 'not asked over TCP'
  caller "${dns[@]}" --selector-port="$port" --calls=2000 greeter >"$work/out" || fail "$(cat "$work/out")"
  between "$work/out" everywhere 2000 2000
}
thousand_srv ()
{
  backend everywhere 0.0.0.0:0
  zone 60 $(for i in {0..999}; do
    echo "_grpc._tcp.greeter/SRV/0/1/$port/h$i" "h$i/A/127.1.$((i / 250)).$((i % 250))"
  done)
  micro "${dns[@]}" get greeter >"$work/out"
  (($(grep -c '127\.1\..*:' "$work/out") == 1000)) || fail "$(tail -n 3 "$work/out")"
  caller "${dns[@]}" --calls=2000 greeter >"$work/out" || fail "$(cat "$work/out")"
  between "$work/out" everywhere 2000 2000
}
check 'dns: a thousand addresses' thousand
check 'dns: a thousand SRV records' thousand_srv
