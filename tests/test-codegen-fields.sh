#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# protoc-gen-micro: fields called like words and macros of C and C++, like what protobuf-c's struct has
# for itself, and like each other in C, compile; descriptors, and with them JSON, keep their names.
# shellcheck source=tests/functions.sh
. "$(dirname "$0")/functions.sh"
requires protoc protoc-gen-c pkg-config

read -ra cc < <(setting CC)
read -ra cxx < <(setting CXX)
requires "${cc[0]}" "${cxx[0]}"
read -r -a flags <<<"$(pkg-config --cflags gio-2.0 libprotobuf-c)"
read -r -a libs <<<"$(pkg-config --libs libprotobuf-c)"
flags+=(-I"$abs_top_srcdir/core" -I"$abs_top_builddir/core" -I"$work")
micro=--plugin=protoc-gen-micro=$abs_top_builddir/protoc-gen-micro
cd "$work"

words='restrict linux unix typeof asm base errno i386 stdout assert constexpr thread_local alignas si_pid
  st_mtime class new namespace sched_priority bool true complex nullptr concept char8_t static_assert'
number=0
fields () { for word in $words; do echo "$1 $word$2 = $((++number));"; done; }
{
  echo 'syntax = "proto2"; message P {'
  fields 'optional int32' ''
  echo 'oneof kind {' && fields bytes _one && echo '}'
  echo 'repeated int32 n_items = 200; repeated P items = 201; optional bool has_seen = 202;
    optional int32 seen = 203; optional int32 kind_case = 204; optional string fooBar = 205;
    optional string FOObar = 206; optional string foobar_ = 207; optional string base_ = 208;
    optional string Linux = 209 [default = "0000"]; optional int32 linux_ = 210 [default = 7];
    message Class { optional int32 union = 1; } optional Class struct = 211; }'
  echo 'message Maps {' && fields 'map<int32, P>' '' && echo '}'
  echo 'message Many {' && fields 'repeated string' '' && echo '}'
  echo 'message One { oneof o {' && fields string '' && echo '} }'
} >x.proto
cat >y.proto <<'END'
syntax = "proto3";
message Y { optional int32 unix = 1; optional string base = 2; repeated double errno = 3; int32 has_unix = 4; }
END
protoc "$micro" -I"$work" --micro_out="$work" x.proto y.proto
! grep -li micromark -- *.pb-c.* || fail 'marks are left in what is written'

cat >main.c <<'END'
#include "x.micro.h"
#include "y.micro.h"

/* protobuf-c finds a name by halving, and so only in their order. */
static int
lost (const ProtobufCMessageDescriptor *message)
{
  int n = message->n_fields == 0;
  for (unsigned i = 0; i < message->n_fields; i++)
    n += protobuf_c_message_descriptor_get_field_by_name (message, message->fields[i].name)
         != &message->fields[i];
  return n;
}

int
main (void)
{
  P p = P__INIT;
  Y y = Y__INIT;
  p.base_ = p.linux_ = p.si_pid_ = p.class_ = p.n_items_ == 0;
  p.has_base_ = p.has_linux_ = TRUE;
  p.items_ = NULL;
  p.kind_case = P__KIND_BASE_ONE;
  p.base_one.len = 0;
  p.base__ = p.foobar;
  y.base_ = NULL;
  y.n_errno_ = 0;
  (void) y;
  return lost (&p__descriptor) + lost (&p__class__descriptor) + lost (&maps__descriptor)
         + lost (&many__descriptor) + lost (&one__descriptor) + lost (&y__descriptor);
}
END
for standard in gnu11 c11; do
  "${cc[@]}" -std=$standard main.c x.pb-c.c y.pb-c.c -o main "${flags[@]}" "${libs[@]}"
  ./main || fail "$standard: some fields are not found by name"
done
"${cxx[@]}" -std=gnu++20 -fsyntax-only -x c++ -include x.micro.h -include y.micro.h /dev/null "${flags[@]}"
names=$(sed -n 's/^ *"\([A-Za-z0-9_]*\)",$/\1/p' x.pb-c.c)
for name in $words Linux linux_ fooBar FOObar base_ n_items kind_case has_seen; do
  grep -qx -- "$name" <<<"$names" || fail "no “$name” in the descriptors"
done

# The one that would sort elsewhere.
echo 'syntax = "proto3"; message M { int32 base = 1; int32 base0 = 2; }' >z.proto
expect 1 'z.proto: message M has a field base, which gets an underscore in C, and then must have none' \
  protoc "$micro" -I"$work" --micro_out="$work" z.proto
