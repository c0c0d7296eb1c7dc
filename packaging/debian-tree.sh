# SPDX-License-Identifier: Apache-2.0
# Sourced, after build-steps.sh, by what needs a Debian 12 of its own, in a folder, with our packages
# in /debs. Both functions need root.

# make_tree TREE DEBS: what debootstrap makes is kept in the cache for the next time.
make_tree ()
{
  local tree=$1 debs=$2 base=$cache/debian-12.tar archives=$cache/debian-12-archives
  mkdir -p "$archives/partial" "$tree"
  if [[ ! -f $base ]]; then
    step "Making a fresh Debian" debootstrap --variant=minbase --include=ca-certificates,curl \
      bookworm "$tree.base" http://deb.debian.org/debian || return 1
    tar -C "$tree.base" -cf "$base.part" . && mv "$base.part" "$base" || return 1
    rm -rf "$tree.base"
  fi
  tar -C "$tree" -xf "$base" || return 1
  mkdir -p "$tree/debs"
  cp "$debs"/*.deb "$tree/debs" && cp /etc/resolv.conf "$tree/etc" || return 1
  # How this machine reaches the net, proxy and certificates, is how the tree does.
  cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/" || return 1
  apt-config dump 2>/dev/null | grep -E '^Acquire::https?::Proxy' >"$tree/etc/apt/apt.conf.d/90host" || true
  printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
  chmod +x "$tree/usr/sbin/policy-rc.d"
}

# in_tree TREE COMMAND…: in namespaces of mounts and processes; nothing it starts outlives it. The
# network is the machine's. MICRO_TREE_USER=UID:GID is who runs it, if not root.
in_tree ()
{
  local tree=$1 variable environment=()
  shift
  for variable in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [[ -z ${!variable:-} ]] || environment+=("$variable=${!variable}")
  done
  # shellcheck disable=SC2016 # for the inner shell
  unshare --mount --pid --fork --kill-child bash -c '
    tree=$1 archives=$2
    shift 2
    mount --bind "$tree" "$tree" && mount -t proc proc "$tree/proc" && mount -t tmpfs tmpfs "$tree/dev" || exit 1
    for node in null zero full random urandom tty; do
      : >"$tree/dev/$node" && mount --bind "/dev/$node" "$tree/dev/$node" || exit 1
    done
    ln -s /proc/self/fd "$tree/dev/fd"
    mkdir "$tree/dev/shm" && mount -t tmpfs tmpfs "$tree/dev/shm"
    mount -t tmpfs tmpfs "$tree/run" || exit 1
    [[ ! -d $tree/var/cache/apt ]] || mount --bind "$archives" "$tree/var/cache/apt/archives" || exit 1
    exec env -i HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${@:2:$1}" \
      chroot ${MICRO_TREE_USER:+--userspec="$MICRO_TREE_USER"} "$tree" "${@:$1 + 2}"' \
    - "$tree" "$cache/debian-12-archives" ${#environment[@]} "${environment[@]}" "$@" </dev/null
}
