#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each way a TLS handshake fails has a sentence that says which, on the side that can tell.
. "$(dirname "$0")/functions.sh"
requires openssl
. "$(dirname "$0")/certificates.sh"

greeter=$abs_top_builddir/examples/greeter/greeter-service
cd "$work"
cat >ca.conf <<'END'
[ca]
default_ca=here
[here]
database=index
rand_serial=yes
new_certs_dir=.
default_md=sha256
policy=policy
[policy]
commonName=supplied
END

# make_dated NAME FROM TO: a certificate of ca for 127.0.0.1.
make_dated ()
{
  make_certificate "$1" ca IP:127.0.0.1
  : >index
  openssl ca -batch -notext -config ca.conf -cert ca.pem -keyfile ca.key \
    -in "$1.csr" -out "$1.pem" -extfile "$1.ext" -startdate "$2" -enddate "$3" 2>/dev/null ||
    fail "no certificate $1"
}

serve () # NAME ARGUMENT…
{
  serves "$work/$1.log" "$greeter" --server-name="$1" --server-address=127.0.0.1:0 "${@:2}"
}

refused () { await grep -q "refused 127.0.0.1: $2" "$work/$1.log" || fail "$1.log: $(cat "$work/$1.log")"; }
address_of () { grep -oEm 1 '127\.0\.0\.1:[0-9]+' "$work/$1.log"; }

make_ca ca
make_certificate server ca IP:127.0.0.1
make_dated old 20200101000000Z 20200201000000Z
make_dated early 20900101000000Z 20900201000000Z
make_certificate for-clients ca $'IP:127.0.0.1\nextendedKeyUsage=clientAuth'
make_certificate for-servers ca $'DNS:client\nextendedKeyUsage=serverAuth'

# What a caller says of a server's certificate.
call () { expect 78 "UNAVAILABLE.*$2" micro --tls-ca=ca.pem "${@:3}" call "$1" Hello name=x; }
for name in old early for-clients; do
  serve "$name" --tls-cert="$name.pem" --tls-key="$name.key"
done
call old 'its certificate expired on 2020-02-01 .*; renew it'
call early 'its certificate is not valid before 2090-01-01 .*; check the clocks'
call for-clients 'its certificate is not made for a server'

# What a server says of a caller's, and the caller of that; a sentence a minute for an address.
mutual=(--tls-cert=server.pem --tls-key=server.key --tls-ca=ca.pem)
for name in old early for-servers; do
  serve "takes-$name" "${mutual[@]}"
done
call takes-old 'our certificate old.pem' --tls-cert=old.pem --tls-key=old.key
refused takes-old 'its certificate expired on 2020-02-01'
call takes-early 'our certificate early.pem' --tls-cert=early.pem --tls-key=early.key
refused takes-early 'its certificate is not valid before 2090-01-01'
call takes-for-servers 'our certificate for-servers.pem' --tls-cert=for-servers.pem \
  --tls-key=for-servers.key
refused takes-for-servers 'its certificate is not made for a client'

# Clients that speak something else.
for name in no-h2 old-tls; do
  serve "$name" --tls-cert=server.pem --tls-key=server.key
done
openssl s_client -connect "$(address_of no-h2)" >/dev/null 2>&1 || :
refused no-h2 'it speaks TLS but not HTTP/2'
openssl s_client -connect "$(address_of old-tls)" -tls1_1 -cipher DEFAULT@SECLEVEL=0 -alpn h2 \
  >/dev/null 2>&1 || :
refused old-tls 'it speaks neither TLS 1.3 nor TLS 1.2'
serve stops --tls-cert=server.pem --tls-key=server.key --transport-handshake-timeout-ms=100
exec 3<>"/dev/tcp/${address%:*}/${address##*:}"
printf '\x16\x03\x01' >&3
refused stops 'it did not finish the TLS handshake within 100 ms'
exec 3>&-

# A server that has no HTTP/2.
background "$work/s_server.log" openssl s_server -accept 127.0.0.1:0 -cert server.pem -key server.key \
  -alpn http/1.1 -www
await grep -q '^ACCEPT' "$work/s_server.log" || fail "$(cat "$work/s_server.log")"
expect 78 'UNAVAILABLE.*it speaks TLS but not HTTP/2' micro --tls-ca=ca.pem \
  call --address="$(sed -n 's/^ACCEPT //p' "$work/s_server.log")" greeter Say.Hello name=x
