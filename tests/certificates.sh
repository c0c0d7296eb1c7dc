# SPDX-License-Identifier: Apache-2.0
# Sourced by tests that need certificates; they are made in the current directory.

# make_ca NAME: NAME.pem and NAME.key.
make_ca ()
{
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" \
    -out "$1.pem" -days 10 -subj "/CN=$1" 2>/dev/null
}

# make_certificate NAME CA SUBJECT-ALT-NAMES [OPENSSL-ARGUMENT…]: NAME.pem and NAME.key.
make_certificate ()
{
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" \
    -out "$1.csr" -subj "/CN=$1" 2>/dev/null
  printf 'subjectAltName=%s\n' "$3" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -out "$1.pem" \
    -days 5 -extfile "$1.ext" "${@:4}" 2>/dev/null
}
