# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/kubernetes/{cluster,run,bench} and others: the programs of a Kubernetes release, built once.
. "$(dirname "${BASH_SOURCE[0]}")/../peers.sh"

release=$(awk '$1 == "k8s.io/kubernetes" { print $2 }' "$top/tests/kubernetes/apiserver/go.mod")
[[ $release ]] || { echo 'tests/kubernetes/apiserver/go.mod names no k8s.io/kubernetes' >&2; exit 1; }
programs=$cache/kubernetes-$release

# kubernetes_program NAME: builds $programs/NAME, which takes minutes the first time.
kubernetes_program ()
{
  local package=k8s.io/component-base/version
  [[ -x $programs/$1 ]] && return
  find_go "$(awk '$1 == "go" { print $2 }' "$top/tests/kubernetes/apiserver/go.mod")" || return 1
  (cd "$top/tests/kubernetes/apiserver" && mkdir -p "$programs" &&
    nice "$go" build -p 2 -trimpath -o "$programs/$1.new" -ldflags "-s -w \
      -X $package.gitVersion=$release -X $package.gitMajor=1 -X $package.gitMinor=$(cut -d. -f2 <<<"$release")" \
      "k8s.io/kubernetes/cmd/$1" && mv "$programs/$1.new" "$programs/$1")
}

# find_etcd: sets and exports MICRO_ETCD unless it names a binary already.
find_etcd ()
{
  local package=go.etcd.io/etcd/server/v3 version go_version
  [[ -z ${MICRO_ETCD:-} ]] || return 0
  version=$(awk -v package=$package '$1 == package { print $2 }' "$top/tests/kubernetes/etcd/go.mod")
  go_version=$(awk '$1 == "go" { print $2 }' "$top/tests/kubernetes/etcd/go.mod")
  export MICRO_ETCD=$cache/etcd-$version
  [[ -x $MICRO_ETCD ]] || step "Compiling etcd $version" etcd_program
}

etcd_program ()
{
  find_go "$go_version" && (cd "$top/tests/kubernetes/etcd" &&
    nice "$go" build -p 2 -trimpath -ldflags '-s -w' -o "$MICRO_ETCD.new" "$package" &&
    mv "$MICRO_ETCD.new" "$MICRO_ETCD")
}

# find_apiserver: sets and exports MICRO_KUBE_APISERVER unless it names a binary already.
find_apiserver ()
{
  if [[ -z ${MICRO_KUBE_APISERVER:-} ]]; then
    MICRO_KUBE_APISERVER=$programs/kube-apiserver
    [[ -x $MICRO_KUBE_APISERVER ]] ||
      step "Compiling kube-apiserver $release" kubernetes_program kube-apiserver || return 1
  fi
  export MICRO_KUBE_APISERVER
}

# isolated COMMAND…: in a network of its own, where the addresses of pods are local and ports are nobody
# else's; and with mounts of its own, so that what runs in a pod finds its account where kubelet would put it.
isolated ()
{
  local how=(unshare --net --mount)
  ((EUID == 0)) || how+=(--user --map-root-user)
  "${how[@]}" true || fail 'unshare --net --mount is not permitted: run it as root'
  "${how[@]}" bash -c '
    ip link set lo up && ip route add local 10.250.0.0/16 dev lo &&
      ip route add local fd00:250::/64 dev lo && exec "$@"' - "$@"
}
