# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/packages/run: the images, each unpacked into a folder and run from there.

# unpack NAME: into the folder $image; checks what the image says of itself on the way.
unpack ()
{
  rm -rf "$image"
  mkdir -p "$image/oci" "$image/root"
  tar -C "$image/oci" -xf "$build/images/$1.tar" && python3 - "$image" "$1" <<'END'
import json, subprocess, sys
folder = sys.argv[1]
def blob(digest): return f'{folder}/oci/blobs/' + digest.replace(':', '/')
def load(path):
    with open(path, encoding='utf-8') as file:
        return json.load(file)
index = load(f'{folder}/oci/index.json')['manifests'][0]
reference = index['annotations']['org.opencontainers.image.ref.name']
assert reference == f'docker.io/library/{sys.argv[2]}:latest', reference
manifest = load(blob(index['digest']))
config = load(blob(manifest['config']['digest']))['config']
assert config['User'] == '65534:65534', config
assert config['Entrypoint'][0].startswith('/usr/bin/'), config
assert len(manifest['layers']) == 1, manifest
subprocess.run(['tar', '-C', f'{folder}/root', '-xf', blob(manifest['layers'][0]['digest'])], check=True)
END
}
# in_image COMMAND…: as nobody, which is who runs the image in a container.
in_image () { MICRO_TREE_USER=65534:65534 in_tree "$image/root" "$@"; }
bare () { [[ ! -e $image/root/bin/sh && ! -e $image/root/usr/bin/dpkg ]] && [[ -s $image/root/etc/ssl/certs/ca-certificates.crt ]]; }
not_broken () { in_image /micro plugins >"$work/plugins" 2>&1 && ! grep -iE 'broken|cannot|crash|hides' "$work/plugins"; }
at_most () { (($(du -sm --apparent-size "$image/root" | cut -f 1) <= $1)) || { du -sm "$image/root"; return 1; }; }

innermost ()
{
  local child
  child=$(cut -d ' ' -f 1 "/proc/$1/task/$1/children")
  if [[ -n $child ]]; then innermost "$child"; else echo "$1"; fi
}
is_gone () { [[ ! -e /proc/$1 ]]; }
ends () { kill "$1" && wait_for 30 is_gone "$1"; }

check_images ()
{
  local log=$work/in-image
  image=$work/image-micro
  check 'image micro: is one' unpack micro
  check 'image micro: holds nothing but what it needs' bare
  check 'image micro: has at most 40 MB' at_most 40
  check 'image micro: runs' expect 0 '^micro 0' in_image /usr/bin/micro version
  check 'image micro: answers to /micro' expect 0 '^micro 0' in_image /micro version
  check 'image micro: has the plugins' expect 0 '^kubernetes +registry.*' in_image /micro plugins
  check 'image micro: none of them is broken' not_broken
  check 'image micro: looks for a cluster' expect 4 'cluster|KUBECONFIG' in_image /micro --registry=kubernetes list

  image=$work/image-micro-health
  check 'image micro-health: is one' unpack micro-health
  check 'image micro-health: has at most 30 MB' at_most 30
  check 'image micro-health: /probe tells that nobody is there' expect 2 '' in_image /probe --server_name=a --server_address=127.0.0.1:9
  check 'image micro-health: /health wants to be told whom to ask' expect 2 'server.name' in_image /health

  image=$work/image-greeter
  check 'image greeter: is one' unpack greeter
  check 'image greeter: holds nothing but what it needs' bare
  background "$log" in_image /greeter-srv --registry=memory --selector=static --server_name=greeter \
    --server_address=127.0.0.1:0 --health=http --health_address=127.0.0.1:20092
  check 'image greeter: starts' has "$log" 'serves on'
  pids+=("$(innermost "$pid")") # nobody hands a signal on to it
  address=$(sed -n 's/.* serves on \([^ ,]*\).*/\1/p' "$log" | head -n 1)
  check 'image greeter: answers' expect 0 'Hello John' "$build/micro" call greeter Say.Hello name=John --address="$address"
  check 'image greeter: is ready' expect 0 '^OK' curl -sf http://127.0.0.1:20092/health/ready
  check 'image greeter: is probed from within' expect 0 '' in_image /probe --server_name=greeter --server_address="$address"
  check 'image greeter: ends when it is told to' ends "${pids[-1]}"
}
