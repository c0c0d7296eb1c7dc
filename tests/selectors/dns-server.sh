# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/selectors/run: Knot DNS on a free port, with the zone test and a broken one.

dns_port=$(free_port)
mkdir "$work/knot"
echo 1 >"$work/knot/serial" # in a file, since cases have shells of their own
cat >"$work/knot/conf" <<EOF
server:
    rundir: "$work/knot"
    listen: 127.0.0.1@$dns_port
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "$work/knot"
control:
    listen: "$work/knot/control"
log:
  - target: stderr
    any: warning
mod-stats:
  - id: all
    request-protocol: on
template:
  - id: default
    storage: "$work/knot"
    file: "%s.zone"
    zonefile-load: whole
    journal-content: none
    global-module: mod-stats/all
zone:
  - domain: test
  - domain: broken
EOF

start_dns ()
{
  background "$work/knot/log" knotd -c "$work/knot/conf"
  dns_pid=$pid
  wait_for 20 knotc -c "$work/knot/conf" status || fail "knotd does not start: $(cat "$work/knot/log")"
}

# zone TTL RECORD…: what the zone test has from now on, one record an argument.
zone ()
{
  local serial=$(($(<"$work/knot/serial") + 1))
  echo "$serial" >"$work/knot/serial"
  {
    printf '$ORIGIN test.\n$TTL %s\n' "$1"
    printf '@ SOA ns admin %s 3600 600 86400 1\n@ NS ns\nns A 127.0.0.1\n' "$serial"
    printf '%s\n' "${@:2}" | tr / ' '
  } >"$work/knot/test.zone"
  if [[ -n ${dns_pid:-} ]]; then
    knotc -c "$work/knot/conf" -b zone-reload test >/dev/null ||
      fail "the zone is not loaded: $(cat "$work/knot/log")"
  fi
}

# How many questions were asked, over UDP and TCP.
questions ()
{
  knotc -c "$work/knot/conf" stats mod-stats 2>/dev/null | awk -F' = ' '/request-protocol\[/ { n += $2 } END { print n + 0 }'
}
tcp_questions ()
{
  knotc -c "$work/knot/conf" stats mod-stats.request-protocol |
    awk -F' = ' '/request-protocol\[tcp/ { n += $2 } END { print n + 0 }'
}

dns=(--selector=dns --selector-servers="127.0.0.1:$dns_port" --selector-domain=test --registry=memory)
