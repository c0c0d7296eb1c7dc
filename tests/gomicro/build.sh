# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/gomicro/run: both sides, built from probe.proto.

# Go's generators are pinned with the rest, and theirs has the name of ours.
build_theirs ()
{
  go_program protoc-gen-go "$here" github.com/golang/protobuf/protoc-gen-go &&
    go_program protoc-gen-gomicro "$here" github.com/micro/micro/v2/cmd/protoc-gen-micro &&
    rm -rf "$out/go" && mkdir -p "$out/go/probe" && cp "$here"/*.go "$here"/go.{mod,sum} "$out/go" &&
    protoc -I"$here" --plugin="$build/peers/protoc-gen-go" --plugin="$build/peers/protoc-gen-gomicro" \
      --go_out=paths=source_relative:"$out/go/probe" \
      --gomicro_out=paths=source_relative:"$out/go/probe" probe.proto &&
    go_program gomicro "$out/go"
}

build_ours ()
{
  local generated cflags libs
  cd "$out" && protoc -I"$here" --micro_out=. probe.proto || return
  generated=$(echo ./*.c)
  cflags="-O1 -g -I. -I$top/core -I$build/core $(pkg-config --cflags gio-2.0 json-glib-1.0 libprotobuf-c)"
  libs="-L$build/core/.libs -Wl,-rpath,$build/core/.libs -lmicro-1
    $(pkg-config --libs gio-2.0 json-glib-1.0 libprotobuf-c)"
  # shellcheck disable=SC2086
  gcc $cflags -o server "$here"/server{,-streams}.c $generated $libs &&
    gcc $cflags -o client "$here"/{client,cases-usual,cases-streams,cases-faults,cases-ends}.c $generated $libs
}
