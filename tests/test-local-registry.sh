#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The local registry as a user meets it: a killed service, files of others, a folder in the way.
. "$(dirname "$0")/functions.sh"
# Warnings are what is looked for here.
export G_DEBUG=
service=$abs_top_builddir/examples/greeter/greeter-service
folder=$XDG_RUNTIME_DIR/micro/registry

nodes () { micro list -o json 2>/dev/null | grep -c '"address"' || true; }
has_nodes () { (($(nodes) == $1)); }

# Two of one name and version; one is killed and never called again.
serves "$work/one.log" "$service"
one=$pid
serves "$work/two.log" "$service"
two=$pid
has_nodes 2 || fail "not both are listed: $(micro list)"
kill -KILL "$one"
await has_nodes 1 || fail "the killed one is still listed: $(micro list)"
for i in {1..10}; do
  expect 0 '^.*Hello John' micro call greeter Say.Hello name=John
done
await eval '(($(ls "$folder" | wc -l) == 2))' || fail "the killed one has left files: $(ls -A "$folder")"

# Two of one id: the second says so, and takes nothing away when it goes.
serves "$work/first.log" "$service" --server-name=twin --server-id=one
first=$pid
background "$work/second.log" "$service" --server-name=twin --server-id=one
second=$pid
await grep -q 'the node .*one.* of .*twin.* is another process that runs: .*--server-id' \
  "$work/second.log" || fail "of the second twin: $(cat "$work/second.log")"
kill "$second"
wait "$second" || true
expect 0 'Hello John' micro call twin Say.Hello name=John
kill "$first"
wait "$first" || true

# Files of others.
cp "$folder"/greeter@*.json "$folder/greeter@copy.json"
head -c 50 "$folder/greeter@copy.json" >"$folder/greeter@half.json"
truncate -s 1G "$folder/greeter@huge.json"
mkfifo "$folder/greeter@fifo.json"
mkdir "$folder/greeter@directory.json"
ln -s /dev/zero "$folder/greeter@link.json"
touch "$folder/greeter@empty.json"
echo '{"name":"greeter","nodes":[{"id":"a","address":"127.0.0.1:1"}]}' >"$folder/greeter@foreign.json"
echo 'buy milk' >"$folder/notes.txt"
expect 0 greeter micro list
expect 0 'Hello John' micro call greeter Say.Hello name=John
micro get greeter >"$work/got" 2>&1 || fail "$(cat "$work/got")"
for name in copy half huge fifo directory link empty foreign; do
  grep -q "ignoring .*greeter@$name.json, which is .*: remove it" "$work/got" || fail "$name: $(cat "$work/got")"
done
expect 0 'ignoring .*notes.txt' micro list
(($(micro call greeter Say.Hello name=John 2>&1 | grep -c 'fifo') == 1)) || fail 'named more than once'
has_nodes 1 || fail "a file of others is listed: $(micro list)"
ends "$two" "$work/two.log"
pids=()
expect 0 '' micro list
has_nodes 0 || fail 'the greeter has ended and is still listed'

# A folder that cannot be made: one sentence, and it serves.
export MICRO_REGISTRY_DIRECTORY=$work/way/registry
touch "$work/way"
background "$work/three.log" "$service"
await grep -q 'cannot be registered' "$work/three.log" || fail "$(cat "$work/three.log")"
address=$(sed -n 's/.* serves on \([^ ]*\) but .*/\1/p' "$work/three.log")
expect 0 'Hello John' micro call --address="$address" greeter Say.Hello name=John
# It has tried again when it says that the reason is another, and each is said once.
ln -s nowhere/else "$work/other"
mv -T "$work/other" "$work/way"
await grep -q "No such file" "$work/three.log" || fail "it does not try again: $(cat "$work/three.log")"
(($(grep -c "cannot be registered" "$work/three.log") == 2)) || fail "it repeats itself: $(cat "$work/three.log")"
grep -q 'set --registry-directory' "$work/three.log" || fail "$(cat "$work/three.log")"
rm "$work/way"
await listed greeter || fail "it does not try again: $(cat "$work/three.log")"
rm -r "$work/way"
await listed greeter || fail "it does not come back: $(cat "$work/three.log")"
ends "$pid" "$work/three.log"
pids=()

# Any name is a name.
unset MICRO_REGISTRY_DIRECTORY
rm -r "$folder"
for name in '..' '%2F' 'a/b' 'a@b.json'; do
  serves "$work/odd.log" "$service" --server-name="$name"
  grep -qF -- "$name" <<<"$(micro list)" || fail "$name is not listed: $(micro list)"
  # A path of HTTP/2 takes no other letters.
  [[ $name == *[!\ -~]* ]] || expect 0 'Hello John' micro call "$name" Say.Hello name=John
  ends "$pid" "$work/odd.log"
done
pids=()
[[ -z $(ls -A "$folder") ]] || fail "files are left: $(ls -A "$folder")"
