# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/brokers/run: processes that find each other through the local registry.

subscribe h1 'orders other'
subscribe h2 'orders orders@workers'
subscribe h3 orders@workers
check 'http: from the tool to each process' is 0 '^ok$' micro publish orders id:=1
for one in h1 h2; do check "http: $one has it" has "$work/$one" 'orders - {"id":1}'; done
publish_ten () { local i; for i in {1..10}; do is 0 '^ok$' micro publish orders n:=1; done; }
check 'http: ten messages' publish_ten
cat_workers () { cat "$work/h2" "$work/h3" >"$work/workers"; (($(grep -c 'orders workers {"n":1}' "$work/workers") == 10)); }
check 'http: one of a queue has each' wait_for 20 cat_workers
check 'http: one record a process' eval '(($(micro get micro.http.broker -o json | grep -o "\"topic\"" | wc -l) == 5))'

# go-micro's publisher and subscribers.
check "http: go-micro publishes to us" is 0 '^$' gobroker http 127.0.0.1:0 publish orders '{"from":"go"}'
check "http: we have it, with its headers" has "$work/h1" 'orders - {"from":"go"} Trace=gó'
check "http: of a queue one has it" wait_for 20 eval '(($(cat "$work/h2" "$work/h3" | grep -c "orders workers {\"from\"") <= 1))'
theirs g1 http 127.0.0.1:0 subscribe orders
theirs g2 http 127.0.0.1:0 subscribe orders crew
theirs g3 http 127.0.0.1:0 subscribe orders crew
check "http: we publish to go-micro" is 0 '^ok$' micro publish orders to=go
check "http: it has it" has "$work/g1" 'orders {"to":"go"} Content-Type=application/json'
crew () { cat "$work/g2" "$work/g3" >"$work/crew"; (($(grep -c 'to' "$work/crew") == $1)); }
check "http: of its queue one has it" wait_for 20 crew 1
subscribe q1 tasks@go
subscribe q2 tasks@go
check "http: go-micro publishes to our queue" is 0 '^$' gobroker http 127.0.0.1:0 publish tasks '{"t":1}'
tasks () { (($(cat "$work/q1" "$work/q2" | grep -c 'tasks go {"t":1}') == 1)); }
check "http: one of it has it" wait_for 20 tasks
sleep 0.3
check "http: and only one" tasks

# Who goes away, and who does not answer.
kill -STOP "${pids[0]}" # h1
check 'http: a subscriber that is stopped' is 68 'has not taken the message within 1000 ms; it may have it' \
  micro --broker-timeout-ms=1000 publish other x:=1
check 'http: the deadline of the line' is 68 'within 300ms' micro publish other x:=2 --timeout=300ms
kill -CONT "${pids[0]}"
check 'http: it goes on' is 0 '^ok$' micro publish other x:=3
kill -9 "${pids[0]}"
check 'http: a subscriber that was killed is forgotten' wait_for 20 is 0 '^ok$' micro publish other x:=4
touch "$work/hold"
subscribe slow slow --hold="$work/hold" --broker-queue-length=2
fill () { local i; for i in 1 2 3 4 5; do timeout 20 micro publish slow "i:=$i" || return $?; done; }
check 'http: a subscriber that blocks has a full queue' expect 72 'RESOURCE_EXHAUSTED.*the queue of the subscriber at .* is full' fill
check 'http: another topic goes on meanwhile' is 0 '^ok$' micro publish orders while=blocked
rm "$work/hold"
check 'http: once it goes on there is room' wait_for 20 is 0 '^ok$' micro publish slow i:=6
check 'http: what was taken was not lost' has "$work/slow" 'slow - {"i":6}'
check 'http: and once only' counts "$work/slow" 1 '{"i":1}'
subscribe small small --broker-max-bytes=1000
printf '{"x":"%02000d"}' 0 >"$work/large.json"
check 'http: larger than the publisher sends' is 67 'has 2008 bytes, and the broker takes 1000' \
  micro --broker-max-bytes=1000 publish small @"$work/large.json"
printf '{"x":"%0200000d"}' 0 >"$work/large.json"
check 'http: larger than the subscriber takes' is 67 'larger than the subscriber at .* takes' \
  micro publish small @"$work/large.json"
check 'http: two on one address' is 1 'cannot listen on' env TOPICS=x "$subscriber" \
  --broker-address="$(micro get micro.http.broker -o json | grep -oE '127.0.0.1:[0-9]+' | head -n 1)"
subscribe fixed fixed --broker-address=0.0.0.0:0 --broker-advertise=127.0.0.2
check 'http: the address that is advertised' eval "micro get micro.http.broker | grep -q '127.0.0.2:'"
check 'http: and it is used' is 0 '^ok$' micro publish fixed x:=1
for one in "${pids[@]}"; do end "$one"; done
check 'http: nobody is left' is 0 '^ok$' micro publish orders x:=5
