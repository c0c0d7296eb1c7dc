#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# TLS by flags and variables: a service, the tool, mutual TLS, a swapped secret, what goes wrong.
. "$(dirname "$0")/functions.sh"
requires openssl
. "$(dirname "$0")/certificates.sh"

greeter=$abs_top_builddir/examples/greeter/greeter-service
cd "$work"
make_ca ca
make_certificate server ca IP:127.0.0.1,DNS:localhost
make_certificate client ca DNS:client

serve () # NAME ARGUMENT…
{
  serves "$work/$1.log" "$greeter" --server-name="$1" --server-address=127.0.0.1:0 "${@:2}"
}

# One way: by flag, by the long flag, by variable.
serve tls --tls-cert=server.pem --tls-key=server.key
expect 0 'Hello x' micro --tls-ca=ca.pem call tls Hello name=x
expect 0 'Hello x' micro --transport-tls-ca ca.pem call tls Hello name=x
MICRO_TLS_CA=ca.pem expect 0 'Hello x' micro call tls Hello name=x
expect 78 'UNAVAILABLE.*it speaks TLS; give --tls-ca' micro call tls Hello name=x
expect 78 'UNAVAILABLE.*signed by “CN=ca”, whom this system does not trust' \
  micro --tls call tls Hello name=x
await grep -q 'refused 127.0.0.1: it speaks HTTP/2 without TLS' tls.log || fail "log: $(cat tls.log)"

# By another name than that of its address.
make_certificate named ca DNS:greeter.test
serve named --tls-cert=named.pem --tls-key=named.key
expect 78 'UNAVAILABLE.*is for greeter.test, not for 127.0.0.1; .*--tls-server-name' \
  micro --tls-ca=ca.pem call named Hello name=x
expect 0 'Hello x' micro --tls-ca=ca.pem --tls-server-name=greeter.test call named Hello name=x
expect 78 'UNAVAILABLE.*is for greeter.test, not for else.test' \
  micro --tls-ca=ca.pem --tls-server-name=else.test call named Hello name=x

# Both ways.
serve mutual --tls-cert=server.pem --tls-key=server.key --tls-ca=ca.pem
expect 0 'Hello x' micro --tls-ca=ca.pem --tls-cert=client.pem --tls-key=client.key \
  call mutual Hello name=x
expect 78 'UNAVAILABLE.*it demands a client certificate; give --tls-cert and --tls-key' \
  micro --tls-ca=ca.pem call mutual Hello name=x
await grep -q 'refused 127.0.0.1: it shows no client certificate, which --tls-ca demands' mutual.log ||
  fail "log: $(cat mutual.log)"

# A plain service.
serve plain
expect 78 'UNAVAILABLE.*it answers without TLS' micro --tls-ca=ca.pem call plain Hello name=x

# A secret as Kubernetes mounts it: links through ..data, which is swapped.
make_ca other
make_certificate renewed other IP:127.0.0.1
put () # VERSION CERTIFICATE
{
  mkdir -p "secret/$1"
  cp "$2.pem" "secret/$1/tls.crt"
  cp "$2.key" "secret/$1/tls.key"
  ln -s "$1" secret/..next
  mv -T secret/..next secret/..data
}
put ..1 server
ln -s ..data/tls.crt ..data/tls.key secret
G_DEBUG='' serve swapped --tls-cert=secret/tls.crt --tls-key=secret/tls.key
expect 0 'Hello x' micro --tls-ca=ca.pem call swapped Hello name=x
put ..2 renewed
expect 0 'Hello x' micro --tls-ca=other.pem call swapped Hello name=x
expect 78 'UNAVAILABLE.*signed by “CN=other”, which is not in ca.pem' \
  micro --tls-ca=ca.pem call swapped Hello name=x
echo broken >renewed.pem
put ..3 renewed
for ((i = 0; i < 3; i++)); do
  expect 0 'Hello x' micro --tls-ca=other.pem call swapped Hello name=x
done
said=$(grep -c 'the new TLS files are not taken, the old ones stay in use' swapped.log) || true
((said == 1)) || fail "said $said times: $(cat swapped.log)"

# Files that do not fit.
bad () { expect 1 "^greeter: $1" "$greeter" "${@:2}"; }
bad '.*--tls-cert is given without --tls-key' --tls-cert=server.pem
bad '.*--tls-cert: cannot read nowhere.pem: No such file' --tls-cert=nowhere.pem --tls-key=server.key
bad '.*server.key is not the key of the certificate client.pem' --tls-cert=client.pem --tls-key=server.key
bad '.*renewed.pem and renewed.key are not a certificate' --tls-cert=renewed.pem --tls-key=renewed.key
bad '.*--tls-ca: server.key holds no certificate' --tls-ca=server.key
bad 'cannot listen: --tls-ca is given without --tls-cert' --tls-ca=ca.pem
expect 0 '--transport-tls-cert=FILE .*\[MICRO_TRANSPORT_TLS_CERT\], or --tls-cert' "$greeter" --help-transport

# The module that only TLS needs.
if [[ -e $abs_top_builddir/plugins/grpc-tls.so ]]; then
  MICRO_PLUGIN_PATH=$work bad '.*TLS is not to be had: there is no grpc-tls.so' --tls-cert=server.pem --tls-key=server.key
  mkdir odd
  echo nonsense >grpc-tls.so
  MICRO_PLUGIN_PATH=$work/odd bad '.*TLS is not to be had: .*/grpc-tls.so: .*; install it again' \
    --tls-cert=server.pem --tls-key=server.key
  MICRO_PLUGIN_PATH=$work/odd serve plainer
  expect 0 'Hello x' micro call plainer Hello name=x
fi
