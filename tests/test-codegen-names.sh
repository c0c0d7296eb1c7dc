#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# protoc-gen-micro: names that C or C++ has a use for still give code that compiles.
# shellcheck source=tests/functions.sh
. "$(dirname "$0")/functions.sh"
requires protoc protoc-gen-c pkg-config

read -ra cc < <(setting CC)
read -ra cxx < <(setting CXX)
requires "${cc[0]}" "${cxx[0]}"
read -r -a flags <<<"$(pkg-config --cflags gio-2.0 libprotobuf-c)"
flags+=(-fsyntax-only -Wall -Wextra -I"$abs_top_srcdir/core" -I"$abs_top_builddir/core")
micro=--plugin=protoc-gen-micro=$abs_top_builddir/protoc-gen-micro

# compiles NAME: what stdin says, as a file; its code is in $out.
compiles ()
{
  out=$work/$1
  mkdir -p "$out"
  cat >"$out/x.proto"
  protoc "$micro" -I"$out" --micro_out="$out" x.proto || fail "$1: protoc"
  "${cc[@]}" -std=gnu11 -Werror "$out/x.micro.c" -I"$out" "${flags[@]}" || fail "$1: x.micro.c"
  "${cc[@]}" -std=gnu11 "$out/x.pb-c.c" -I"$out" "${flags[@]}" || fail "$1: x.pb-c.c"
  "${cxx[@]}" -std=c++20 -x c++ -include x.micro.h /dev/null -I"$out" "${flags[@]}" || fail "$1: x.micro.h in C++"
}
has () { grep -qF -- "$1" "$out/x.micro.h" || fail "no “$1” in $out/x.micro.h"; }

# Methods called like words of C, of C++, like macros, and like each other once they are in C.
words ()
{
  echo 'syntax = "proto3"; message M {} service Words {'
  for word in Assert Alloca Offsetof Class New Namespace Delete Delete_ Delete__ Restrict Linux Unix \
    Typeof Asm Errno Int Return Template Base DoIt Do_It doIt do_it Methods Binding Binding_Free \
    DoItReply DoItSync Descriptor AddHandlers; do
    echo "rpc $word (M) returns (M); rpc S$word (stream M) returns (stream M);"
  done
  echo '}'
}
compiles methods < <(words)
has 'void (*delete_) (' && has 'void (*delete__) (' && has 'void (*delete___) ('
has 'void words_do_it_ (' && has 'void words_methods (' && has 'void words_descriptor_ ('

# Services called like what the code has for itself, without a package.
compiles services <<'END'
syntax = "proto3";
message EchoBinding {}
service File { rpc Descriptors (EchoBinding) returns (EchoBinding); }
service Echo { rpc Do (EchoBinding) returns (EchoBinding); }
service int { rpc int (EchoBinding) returns (EchoBinding); }
service None {}
END
has 'void file_descriptors (MicroClient'

# Packages of words; every kind of method; a comment; no syntax line; what is deprecated.
compiles packages <<'END'
package int.new_api.Class.v1beta1;
message message { optional string string = 1 [deprecated = true]; }
// Says /* resources/*/
service Say {
  option deprecated = true;
  // Once.
  rpc Unary (message) returns (message) { option deprecated = true; }
  // In.
  rpc In (stream message) returns (message);
  // Out.
  rpc Out (message) returns (stream message);
  // Both.
  rpc Both (stream message) returns (stream message);
}
END
for comment in Once In Out Both 'Says / * resources/ * /'; do
  has "* $comment"
done
has 'IntNewApiClassV1beta1SayHandlers;' && has 'int_new_api_class_v1beta1_say_unary_sync ('
has 'int_new_api_class_v1beta1_say_in_stream_send ('
has 'int_new_api_class_v1beta1_say_out_send (MicroCall'
has 'int_new_api_class_v1beta1_say_both_stream_receive_sync ('

# Names as long as they get.
long=$(printf 'Long%.0s' {1..250})
compiles long <<<"syntax = \"proto3\"; package p${long:0:400}; message $long { $long f$long = 1; }
  service S$long { rpc R$long ($long) returns (stream $long); }"
