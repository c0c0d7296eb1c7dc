# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/SUITE/run: peers pinned by version, our side built, and a count at the end.
. "$(dirname "${BASH_SOURCE[0]}")/../packaging/build-steps.sh"

# find_go MINIMUM: sets go. Debian's may be older than peers ask for; Go releases are modules too.
find_go ()
{
  local release have
  export GOPATH=$cache/go GOCACHE=$cache/go-build GOTOOLCHAIN=local GOFLAGS=-modcacherw CGO_ENABLED=0
  go=go
  have=$(go env GOVERSION) || return 1
  [[ $(printf '%s\n' "$1" "${have#go}" | sort -V | head -n 1) == "$1" ]] && return
  release=v0.0.1-go1.26.8.linux-$(go env GOARCH)
  (cd "$cache" && go mod download "golang.org/toolchain@$release") || return 1
  export GOROOT=$GOPATH/pkg/mod/golang.org/toolchain@$release
  chmod -R u+w "$GOROOT"
  chmod +x "$GOROOT"/bin/* "$GOROOT"/pkg/tool/*/* 2>/dev/null || true
  go=$GOROOT/bin/go
}

# go_program NAME FOLDER [PACKAGE]: builds it by the go.mod in FOLDER; $build/peers/NAME.
go_program ()
{
  find_go "$(awk '$1 == "go" { print $2 }' "$2/go.mod")" && mkdir -p "$build/peers" &&
    (cd "$2" && "$go" build -o "$build/peers/$1" "${3:-.}")
}

# start_suite PROGRAM…: installs packages, builds, and these programs of the tests too.
start_suite ()
{
  install_packages build test peers || exit 1
  build_all || exit 1
  (($# == 0)) || step "Compiling the test programs" run_in "$build" make -j"$(nproc)" "$@" || exit 1
  export abs_top_builddir=$build abs_top_srcdir=$top
  . "$top/tests/count.sh"
  . "$top/tests/functions.sh"
  set +e # a suite counts what fails
}

# start_greeter LOG [OPTION…]: sets address.
start_greeter ()
{
  local output=$1
  shift
  background "$output" "$build/examples/greeter/greeter-service" --server-address=127.0.0.1:0 "$@"
  wait_for 10 grep -q 'serves on' "$output" || fail "the greeter does not start: $(cat "$output")"
  address=$(sed -n 's/.* serves on \([^ ,]*\).*/\1/p' "$output" | head -n 1)
}
