#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# protoc-gen-micro: what cannot become C is refused in a sentence, through protoc, and nothing is written.
# shellcheck source=tests/functions.sh
. "$(dirname "$0")/functions.sh"
requires protoc protoc-gen-c

micro=--plugin=protoc-gen-micro=$abs_top_builddir/protoc-gen-micro
mkdir "$work/out"
cd "$work"

# refuses SENTENCE PROTO: the sentence ends what protoc says; the lines of PROTO count from 2.
refuses ()
{
  printf '%s\n%s\n' "${syntax-syntax = \"proto3\";}" "$2" >x.proto
  expect 1 "^--micro_out: $1\$" protoc "$micro" -I"$work" --micro_out=out x.proto "${@:3}"
  [[ -z $(ls out) ]] || fail "files were written in spite of: $1"
}
rename='would both be “[A-Za-z_]+” in C: rename one of them'
package='rename it, or give the file a package'

refuses "x.proto:4: service SvcX and service Svc_X \\(x.proto:3\\) $rename" 'message E {}
service Svc_X { rpc A (E) returns (E); }
service SvcX { rpc B (E) returns (E); }'
refuses "x.proto:3: message M and message m \\(x.proto:2\\) $rename" 'message m {}
message M {}'
refuses "x.proto:3: message a.FooBar and message a.Foo_Bar \\(x.proto:2\\) $rename" 'package a; message Foo_Bar {}
message FooBar {}'
refuses "x.proto:3: message M.FooBar and message M.Foo_Bar \\(x.proto:2\\) $rename" 'message M { message Foo_Bar {}
message FooBar {} }'
refuses "x.proto:3: enum FooBar and message foo_bar \\(x.proto:2\\) $rename" 'message foo_bar {}
enum FooBar { ZERO = 0; }'
refuses "x.proto:3: oneof M.choice and value M.Choice.NOT_SET \\(x.proto:2\\) $rename" \
  'message M { enum Choice { NOT_SET = 0; }
oneof choice { int32 a = 1; } }'
refuses "x.proto:2: service Say and message SayHandlers \\(x.proto:2\\) $rename" \
  'message SayHandlers {} service Say { rpc A (SayHandlers) returns (SayHandlers); }'
refuses "x.proto:4: method FooBar.Baz and method Foo.BarBaz \\(x.proto:3\\) $rename" 'message E {}
service Foo { rpc BarBaz (E) returns (E); }
service FooBar { rpc Baz (E) returns (E); }'
refuses "x.proto:4: method FooBar.Send and method Foo.Bar \\(x.proto:3\\) $rename" 'message E {}
service Foo { rpc Bar (E) returns (stream E); }
service FooBar { rpc Send (E) returns (E); }'
refuses "x.proto:2: message _1 has nothing that can begin a name in C: $package" 'message _1 {}'
refuses "x.proto:2: message FILE is called like something of the C library: $package" 'message FILE {}'
refuses "x.proto:3: method Timer.Create would be “timer_create” in C, which [^ ]+ has: $package" \
  'message E {}
service Timer { rpc Create (E) returns (E); }'
syntax='syntax = "proto2";' refuses \
  'x.proto:3: field M.result is a group, which protobuf-c does not have: make it a message' 'message M {
repeated group Result = 1 { optional string url = 1; } }'
syntax='syntax = "proto2";' refuses 'x.proto:3: field M.result is a group, .*' 'message M { extensions 1;
extend M { optional group Result = 1 { optional string url = 1; } } }'
syntax='syntax = "proto2";' refuses "x.proto:2: field M.foo_bar and field M.fooBar \\(x.proto:2\\) $rename" \
  'message M { oneof o { int32 fooBar = 1; int32 foo_bar = 2; } }'

# In another file of the run, or imported.
cat >other.proto <<'END'
syntax = "proto3";
package a.b;
message m {}
service C {}
END
refuses "other.proto:4: service a.b.C and service a.B_C \\(x.proto:2\\) $rename" 'package a; service B_C {}' other.proto
refuses "x.proto:3: message a.b.M and message a.b.m \\(other.proto:3\\) $rename" 'import "other.proto"; package a.b;
message M { m m = 1; }'

# protobuf-c's own options, in the file and in one that it imports.
cat >options.proto <<'END'
syntax = "proto2";
import "google/protobuf/descriptor.proto";
message O { optional bool no_generate = 1; optional string c_package = 6; }
extend google.protobuf.FileOptions { optional O pb_c_file = 1019; }
END
printf '%s\n' 'syntax = "proto3"; import "options.proto"; option (pb_c_file).c_package = "d"; package e;' \
  'message N { message M {} }' >d.proto
refuses 'x.proto:3: option \(pb_c_file\).no_generate is not followed: remove it' 'import "options.proto";
option (pb_c_file).no_generate = true;'
refuses 'x.proto:3: method S.R has the type e.N.M of a file with .*' 'import "d.proto"; message E {}
service S { rpc R (E) returns (e.N.M); }'

# What protoc would not pass on by itself, and a request without lines.
request () { protoc -I"$abs_top_srcdir/core/codegen" --encode=micro.codegen.Request plugin.proto; }
request <<<'file_to_generate: "x" proto_file { name: "x" syntax: "editions" }' >editions
expect 0 'x: syntax editions is none that protobuf-c knows' "$abs_top_builddir/protoc-gen-micro" <editions
request <<<'file_to_generate: "x" proto_file { name: "x" message_type { name: "_" } }' >nowhere
expect 0 'x: message _ has nothing' "$abs_top_builddir/protoc-gen-micro" <nowhere

# What is near and goes well: nothing but methods of other kinds, and the same names in other packages.
cat >x.proto <<'END'
syntax = "proto3";
package c;
import public "other.proto";
message M { enum M { NOT_SET = 0; } oneof choice { int32 a = 1; } }
service Foo { rpc Bar (M) returns (M); }
service FooBar { rpc Send (M) returns (M); rpc Open (a.b.m) returns (M); }
END
protoc "$micro" -I"$work" --micro_out=out x.proto other.proto
[[ $(ls out | wc -l) == 8 ]] || fail "not eight files: $(ls out)"
