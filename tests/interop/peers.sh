# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/interop/run: gRPC's own sources, as Debian has them, and what is built from them.
grpc_version=1.51.1 grpc_revision=3
grpc_sum=b55696fb249669744de3e71acc54a9382bea0dce7cd5ba379b356b12b82d4229
sources=$cache/grpc-$grpc_version

# The package lists of the machine name no sources, so these are lists of our own.
fetch_sources ()
{
  local folder archive=grpc_$grpc_version.orig.tar.gz
  [[ -d $sources ]] && return
  folder=$(mktemp -d "$cache/grpc.XXXXXX") && mkdir -p "$folder/lists/partial" || return
  echo 'deb-src http://deb.debian.org/debian bookworm main' >"$folder/sources.list"
  local options=(-o "Dir::Etc::sourcelist=$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$folder/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
  (
    cd "$folder" && apt-get "${options[@]}" update &&
      apt-get "${options[@]}" source --download-only "grpc=$grpc_version-$grpc_revision" &&
      sha256sum -c <<<"$grpc_sum  $archive" && tar xzf "$archive" &&
      mv "grpc-$grpc_version" "$sources"
  )
  local status=$?
  rm -rf "$folder"
  return $status
}

# gRPC C++'s client and server, kept beside its sources. The test library they want is not packaged;
# of it the certificates are enough, and environment.cc.
build_cxx ()
{
  local folder=$sources-cxx file common=() libs protos=src/proto/grpc/testing
  [[ -x $folder/server ]] && cmp -s "$here/environment.cc" "$folder/$protos/environment.cc" && return
  mkdir -p "$folder" && cd "$sources" || return
  protoc -I. --cpp_out="$folder" --grpc_out="$folder" \
    --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" $protos/{test,messages,empty}.proto &&
    cp "$here/environment.cc" "$folder/$protos" || return
  printf '%s\n' "$folder/$protos"/*.cc test/core/util/histogram.cc test/core/security/oauth2_utils.cc \
    test/core/end2end/data/{server1_cert,server1_key,test_root_cert}.cc \
    test/cpp/util/{test_credentials_provider,test_config_cc,create_test_channel}.cc \
    test/cpp/interop/{client,interop_client,client_helper}.cc \
    test/cpp/interop/{interop_server,server_helper,interop_server_bootstrap}.cc |
    xargs -P "$(nproc)" -I {} sh -c \
      'g++ -std=c++17 -O1 -w -I"$1" -I. -Iinclude -c "$2" -o "$1/$(basename "$2" .cc).o"' - "$folder" {} ||
    return
  cd "$folder" || return
  for file in *.o; do
    case $file in
      client* | interop_* | server_helper*) ;;
      *) common+=("$file") ;;
    esac
  done
  libs="$(pkg-config --libs grpc++ protobuf absl_flags_parse absl_str_format) -lgrpc -lgpr"
  # shellcheck disable=SC2086
  g++ -o client client.o interop_client.o client_helper.o "${common[@]}" $libs &&
    g++ -o server interop_server.o server_helper.o interop_server_bootstrap.o "${common[@]}" $libs
}

# Python's client and server, and the server that breaks HTTP/2, written for Python 2
# and an older python3-h2.
# Their packages want more of gRPC's tests than is used here, so these have empty ones.
build_python ()
{
  local folder=$sources-python
  [[ -f $folder/done && ! $here/peers.sh -nt $folder/done ]] && return
  rm -rf "$folder" && mkdir -p "$folder/tests/unit" && cd "$sources" &&
    protoc -I. --python_out="$folder" --grpc_out="$folder" \
      --plugin=protoc-gen-grpc="$(command -v grpc_python_plugin)" \
      src/proto/grpc/testing/{test,messages,empty}.proto &&
    touch "$folder"/tests/{,unit/}__init__.py &&
    ln -s "$sources/src/python/grpcio_tests/tests/interop" "$folder/tests/interop" &&
    ln -s "$sources/src/python/grpcio_tests/tests/unit/test_common.py" "$folder/tests/unit" &&
    cp -r test/http2_test "$folder/http2" &&
    cp "$folder/src/proto/grpc/testing/messages_pb2.py" "$folder/http2" &&
    sed -i -E -e 's/([][A-Za-z_.]+)\.has_key\(([^()]+)\)/(\2 in \1)/' \
      -e 's/(H2Connection\()(client_side=False)/\1h2.config.H2Configuration(\2)/' \
      -e 's|response_len / 2|response_len // 2|' -e 's/events\.PingAcknowledged/events.PingAckReceived/' \
      -e 's/^import h2\.connection/&, h2.config/' \
      -e "s/(_recv_buffer\[event\.stream_id\] = )''/\1b''/" "$folder"/http2/*.py &&
    touch "$folder/done"
}

# Our client and server; the .proto files are gRPC's.
build_ours ()
{
  local generated cflags libs protos=src/proto/grpc/testing
  cd "$out" && protoc -I"$sources" --micro_out=. $protos/{test,messages,empty}.proto || return
  generated=$(find "$protos" -name '*.c')
  cflags="-O1 -g -I. -I$top/core -I$build/core $(pkg-config --cflags gio-2.0 libprotobuf-c)"
  libs="-L$build/core/.libs -Wl,-rpath,$build/core/.libs -lmicro-1
    $(pkg-config --libs gio-2.0 libprotobuf-c)"
  # shellcheck disable=SC2086
  gcc $cflags -o server "$here/server.c" $generated $libs &&
    gcc $cflags -o client "$here"/{client,talk,cases-usual,cases-compressed,cases-many}.c $generated $libs
}
