# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/selectors/run: three backends behind one address, which haproxy balances by the
# connection, as kube-proxy does.

vip=$(free_port)
for label in x y z; do
  backend $label 127.0.0.1:0 --server-max-connection-age-ms=400
  eval "${label}_port=$port"
done
for label in s t; do
  backend $label 127.0.0.1:0
  eval "${label}_port=$port"
done
lasting_vip=$(free_port)
cat >"$work/haproxy.cfg" <<EOF
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen aging
  bind 127.0.0.1:$vip
  balance roundrobin
  server x 127.0.0.1:$x_port
  server y 127.0.0.1:$y_port
  server z 127.0.0.1:$z_port
listen lasting
  bind 127.0.0.1:$lasting_vip
  balance roundrobin
  server s 127.0.0.1:$s_port
  server t 127.0.0.1:$t_port
EOF
background "$work/haproxy.log" haproxy -db -f "$work/haproxy.cfg"
reachable () { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
wait_for 20 reachable "$vip" || fail "haproxy does not start: $(cat "$work/haproxy.log")"

# localhost stands for the name of a Service, which is all that the selector takes.
chosen ()
{
  expect 0 '^now [xyz]' env MICRO_SELECTOR=static MICRO_SELECTOR_PORT="$vip" \
    "$build/tests/selectors/caller" --calls=1 localhost
  expect 0 '^now [xyz]' caller --selector=static --selector-port="$vip" --calls=1 localhost
  expect 0 '^now [xyz]' caller --selector=static --selector-template="127.0.0.1:$vip" --calls=1 greeter
  expect 78 'cannot connect to greeter\.invalid:8080' micro --selector=static --selector-domain=invalid \
    call greeter Say.Hello
}
check 'static: by flag and by variable; a port, a template, a domain' chosen

# Why connections have to age.  A loop thread has connections of its own.
sticks ()
{
  caller --selector=static --selector-port="$lasting_vip" --server-threads=1 --calls=500 localhost >"$work/out"
  (($(grep -c '^count' "$work/out") == 1)) || fail "$(cat "$work/out")"
}
check 'static: one connection stays with one backend' sticks

spreads ()
{
  caller --selector=static --selector-port="$vip" --duration=8 --pause=1 localhost >"$work/out" ||
    fail "$(cat "$work/out")"
  (($(grep -c '^count' "$work/out") == 3)) || fail "$(cat "$work/out")"
}
check 'static: connections that age reach every backend, and lose no call' spreads
say "static behind a balancer, 8 s, connections of 0.4 s: $(grep -E '^(count|skew)' "$work/out" | tr '\n' ' ')"
