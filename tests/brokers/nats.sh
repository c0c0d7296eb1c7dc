# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/brokers/run: the same through nats-server, which comes and goes.

# start_nats NAME PORT [OPTION…]: sets nats and nats_pid.
start_nats ()
{
  local output=$work/nats-server.$1
  background "$output" nats-server -a 127.0.0.1 -p "$2" "${@:3}"
  nats_pid=$pid
  wait_for 20 grep -q 'Server is ready' "$output" || fail "nats-server: $(cat "$output")"
  nats=$(sed -n 's/.*Listening for client connections on //p' "$output")
  export MICRO_BROKER_ADDRESS=$nats
}

if ! command -v nats-server >/dev/null; then
  count SKIP 'nats: nats-server is not installed'
  return 0
fi
start_nats first -1
end "$nats_pid"
subscribe n1 'orders other.>' --broker=nats
check 'nats: a subscriber starts without a server' has "$work/n1" 'no NATS server at'
check 'nats: publishing without a server says so' is 78 'UNAVAILABLE.*no NATS server can be reached' \
  micro --broker=nats publish orders x:=0
start_nats second "${nats##*:}"
check 'nats: it finds the server that starts later' has "$work/n1" 'connected to the NATS server'
check 'nats: publishes' is 0 '^ok$' micro --broker=nats publish orders id:=1 --metadata=Trace=t
check 'nats: brings it' has "$work/n1" 'orders - {"id":1} Trace=t'
check 'nats: a topic with a dot' is 0 '^ok$' micro --broker=nats publish other.new id:=2
check 'nats: matches a wildcard' has "$work/n1" 'other.new - {"id":2}'
subscribe n2 orders@workers --broker=nats
subscribe n3 orders@workers --broker=nats
publish_many () { local i; for i in {1..10}; do is 0 '^ok$' micro --broker=nats publish orders n:=1; done; }
check 'nats: ten messages' publish_many
workers () { cat "$work/n2" "$work/n3" >"$work/workers"; (($(grep -c 'orders workers {"n":1}' "$work/workers") == $1)); }
check 'nats: one of a queue has each' wait_for 20 workers 10
sleep 0.3
check 'nats: and none has one twice' workers 10

check 'nats: go-micro publishes to us' is 0 '^$' gobroker nats "$nats" publish orders '{"from":"go"}'
check 'nats: we have it, with its headers' has "$work/n1" 'orders - {"from":"go"} Trace=gó'
theirs gn nats "$nats" subscribe orders
check 'nats: we publish to go-micro' is 0 '^ok$' micro --broker=nats publish orders to=go
check 'nats: it has it' has "$work/gn" 'orders {"to":"go"} Content-Type=application/json'

# Bytes that are no envelope, by the protocol itself.
raw () { exec 3<>"/dev/tcp/${nats%:*}/${nats##*:}"; printf 'CONNECT {"verbose":false}\r\nPUB orders %d\r\n%s\r\nPING\r\n' "${#1}" "$1" >&3; grep -qm1 PONG <&3; exec 3>&-; }
for bad in '' x '{' '{"Header":1}' '{"Body":"?"}' "$(printf '[%.0s' {1..10000})"; do
  check "nats: “${bad:0:12}” is dropped" raw "$bad"
done
check 'nats: the log says so' has "$work/n1" 'a message was dropped: the message is not a JSON object'
check 'nats: and it goes on' is 0 '^ok$' micro --broker=nats publish orders after=bad
check 'nats: with the next' has "$work/n1" '{"after":"bad"}'
printf '{"x":"%01000000d"}' 0 >"$work/large.json"
check 'nats: larger than the server takes' is 67 'larger than the NATS server takes \(its max_payload\)' \
  micro --broker=nats publish orders @"$work/large.json"
check 'nats: what is no topic' is 67 'is not a topic for NATS' micro --broker=nats publish 'a b' x:=1
touch "$work/hold"
subscribe ns slow --broker=nats --hold="$work/hold" --broker-queue-length=2
fill () { local i; for i in 1 2 3 4 5 6; do is 0 '^ok$' micro --broker=nats publish slow "i:=$i"; done; }
check 'nats: a subscriber that blocks' fill
check 'nats: says that it loses messages' has "$work/ns" 'the queue of the subscriber is full, and messages are lost'
rm "$work/hold"
check 'nats: goes on' has "$work/ns" 'slow - {"i":3}'
check 'nats: takes the next' is 0 '^ok$' micro --broker=nats publish slow i:=7
check 'nats: says how many it lost' has "$work/ns" 'there is room again; 3 messages were lost'

# The server goes, mid-way, and comes back.
end "$nats_pid"
check 'nats: the log says that the server has gone' has "$work/n1" 'the NATS server has gone'
check 'nats: publishing fails meanwhile' is 78 'no NATS server can be reached' micro --broker=nats publish orders x:=1
start_nats third "${nats##*:}"
again () { (($(grep -c 'connected to the NATS server' "$work/n1") >= 2)); }
check 'nats: it is found again' wait_for 20 again
for one in n2 n3; do check "nats: by $one" has "$work/$one" 'connected to the NATS server'; done
check 'nats: publishes again' is 0 '^ok$' micro --broker=nats publish orders back:=1
check 'nats: brings it again' has "$work/n1" 'orders - {"back":1}'
check 'nats: to the queue too' wait_for 20 eval 'cat "$work/n2" "$work/n3" | grep -q "{\"back\":1}"'
kill -STOP "$nats_pid"
check 'nats: a server that hangs' is '68|78' 'DEADLINE_EXCEEDED|no NATS server can be reached' \
  micro --broker=nats --broker-timeout-ms=500 publish orders x:=2
kill -CONT "$nats_pid"
check 'nats: and goes on' wait_for 20 is 0 '^ok$' micro --broker=nats publish orders x:=3

# A password that is changed there, and for a while not here: libnats gives such a server up.
end "$nats_pid"
start_locked () { start_nats "$1" "${nats##*:}" --user u --pass "$2"; MICRO_BROKER_ADDRESS=nats://u:first@$nats; }
start_locked locked first
subscribe n4 secret --broker=nats
check 'nats: with a password' is 0 '^ok$' micro --broker=nats publish secret id:=1
check 'nats: brings it' has "$work/n4" 'secret - {"id":1}'
end "$nats_pid"
start_locked changed second
check 'nats: another password: the log says so' has "$work/n4" 'does not let us in ('
subscribe n5 secret@workers --broker=nats
check 'nats: a subscriber that is not let in from the start' has "$work/n5" 'does not let us in'
sleep 3 # in which it is asked again, and says nothing
for one in n4 n5; do check "nats: $one: and says so once" counts "$work/$one" 1 'does not let us in'; done
check 'nats: publishing says so' is 78 'does not let us in; see user and password' micro --broker=nats publish secret id:=2
end "$nats_pid"
start_locked unlocked first
let_in () { sed '0,/does not let us in/d' "$work/$1" | grep -qF 'connected to the NATS server'; }
for one in n4 n5; do check "nats: $one is let in again" wait_for 20 let_in "$one"; done
check 'nats: publishes then' is 0 '^ok$' micro --broker=nats publish secret id:=3
check 'nats: brings it then' has "$work/n4" 'secret - {"id":3}'
check 'nats: to the queue too' has "$work/n5" 'secret workers {"id":3}'
check 'nats: and once only' counts "$work/n4" 1 '{"id":3}'
no_password () { ! grep -F 'u:first' "$work/n4" "$work/n5"; }
check 'nats: no password in the log' no_password
check 'nats: nor in an error' is 67 'cannot use the address “nats://127.0.0.1:port”' \
  micro --broker=nats --broker-address=nats://u:first@127.0.0.1:port publish orders
export MICRO_BROKER_ADDRESS=$nats
check 'nats: what is no address' is 67 'cannot use the address “127.0.0.1:port”' \
  micro --broker=nats --broker-address=127.0.0.1:port publish orders
for name in n1 n2 n3; do check "nats: $name is alive" is 0 "$name" micro list; done
