#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# protoc-gen-micro: one command gives everything, and that compiles as C11 and C++.
# shellcheck source=tests/functions.sh
. "$(dirname "$0")/functions.sh"
requires protoc protoc-gen-c pkg-config

read -ra cc < <(setting CC)
read -ra cxx < <(setting CXX)
requires "${cc[0]}" "${cxx[0]}"
read -r -a flags <<<"$(pkg-config --cflags gio-2.0 libprotobuf-c)"
flags+=(-Wall -Wextra -Werror -I"$abs_top_srcdir/core" -I"$abs_top_builddir/core")
micro=--plugin=protoc-gen-micro=$abs_top_builddir/protoc-gen-micro
protos=$abs_top_srcdir/tests/proto
out=$work/out
mkdir "$out"

# One command for messages, stubs, and the well-known types that are imported.
protoc "$micro" -I"$protos" --micro_out="$out" kitchen.proto pantry.proto
for file in kitchen.{pb-c,micro}.{h,c} pantry.{pb-c,micro}.{h,c} \
  google/protobuf/{any,duration,empty,field_mask,struct,timestamp,wrappers}.pb-c.{h,c}; do
  test -s "$out/$file" || fail "no $file"
done

# Again, and one file at a time, gives the same.
mkdir "$work/again"
protoc "$micro" -I"$protos" --micro_out="$work/again" kitchen.proto
protoc "$micro" -I"$protos" --micro_out="$work/again" pantry.proto
diff -r "$out" "$work/again" || fail "a second run gives other files"

# Strict C11 for the sources, C++ for the headers.
for source in "$out"/*.micro.c; do
  "${cc[@]}" -std=c11 -pedantic -Wcast-function-type -c "$source" -o "$work/o.o" -I"$out" "${flags[@]}"
done
cat >"$work/headers.cc" <<'END'
#include "kitchen.micro.h"
#include "pantry.micro.h"
END
"${cxx[@]}" -c "$work/headers.cc" -o "$work/o.o" -I"$out" "${flags[@]}"

# Names, keywords, stream kinds, comments.
has () { grep -qF -- "$2" "$out/$1" || fail "no “$2” in $1"; }
has kitchen.micro.h '} MicroTestV1KitchenHandlers;'
has kitchen.micro.h 'extern const MicroServiceDescriptor micro_test_v1_kitchen_descriptor;'
has kitchen.micro.h 'void (*echo) (MicroCall *call, const Micro__Test__V1__Dish *request, gpointer user_data);'
has kitchen.micro.h 'void (*delete_) (MicroCall *call, const Google__Protobuf__Empty *request'
has kitchen.micro.h 'void (*watch) (MicroCall *call, const Micro__Test__V1__Dish *request'
has kitchen.micro.h 'void (*pour) (MicroCall *call, gconstpointer unused'
has kitchen.micro.h 'micro_test_v1_kitchen_delete_sync (MicroClient *client'
has kitchen.micro.h '   * Sends back what came.'
has kitchen.micro.h ' * Cooks. A comment may hold * / and / * too.'
has kitchen.micro.h 'void micro_test_v1_cellar_add_handlers (MicroRouter *router'
has kitchen.micro.c '"Watch", .kind = MICRO_METHOD_SERVER_STREAM'
has kitchen.micro.c '"Pour", .kind = MICRO_METHOD_CLIENT_STREAM'
has kitchen.micro.c '"Register", .kind = MICRO_METHOD_BIDI'
! grep -q 'watch_sync' "$out/kitchen.micro.h" || fail "a unary stub for a stream"

# No package: the service alone names everything; methods that differ in letter case only stay apart.
mkdir -p "$work/plain/sub" "$work/plain/out"
cat >"$work/plain/sub/clock.proto" <<'END'
syntax = "proto3";
service Clock { rpc GetURL (Tick) returns (Tick); rpc GetUrl (Tick) returns (Tick); rpc AddHandlers (Tick) returns (Tick); }
message Tick { optional int32 at = 1; }
END
protoc "$micro" -I"$work/plain" --micro_out="$work/plain/out" sub/clock.proto
for name in clock_get_url clock_get_url_ clock_add_handlers_; do
  grep -q "^void $name (MicroClient" "$work/plain/out/sub/clock.micro.h" || fail "no $name"
done
"${cc[@]}" -std=c11 -c "$work/plain/out/sub/clock.micro.c" -o "$work/o.o" -I"$work/plain/out" "${flags[@]}"

# What goes wrong is said in a sentence.
ln -s "$(command -v protoc)" "$work/protoc"
expect 1 'protoc-gen-c, which makes the messages, is not in PATH: install it' \
  env PATH="$work" "$work/protoc" "$micro" -I"$protos" --micro_out="$work/again" pantry.proto
expect 1 'no option “fast”: there is only “no-messages”' \
  protoc "$micro" -I"$protos" --micro_out="$work/again" --micro_opt=fast pantry.proto
expect 2 'stdin is not a request of protoc' "$abs_top_builddir/protoc-gen-micro" <<<garbage
expect 2 'stdin is not a request of protoc' "$abs_top_builddir/protoc-gen-micro" </dev/null
expect 0 '^protoc-gen-micro [0-9]' "$abs_top_builddir/protoc-gen-micro" --version
expect 0 '^usage: protoc --micro_out=DIR' "$abs_top_builddir/protoc-gen-micro" --help
mkdir "$work/d*"
echo 'syntax = "proto3";' | tee "$work/d*/b.proto" >"$work/a\"b.proto"
for name in 'd*/b.proto' 'a"b.proto'; do
  expect 1 'has a name that an #include or a comment in C cannot have: rename it' \
    protoc "$micro" -I"$work" --micro_out="$work/again" "$name"
done
mkdir "$work/bare"
protoc "$micro" -I"$protos" --micro_out="$work/bare" --micro_opt=no-messages pantry.proto
[[ $(ls "$work/bare") == $'pantry.micro.c\npantry.micro.h' ]] || fail "no-messages gives messages"
