#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Addresses that are none, ports that are taken, peers that answer garbage, services that die.
. "$(dirname "$0")/functions.sh"
requires python3
unset G_DEBUG # warnings are meant here
greeter=$abs_top_builddir/examples/greeter/greeter-service
call () { micro call greeter Say.Hello name=John "$@"; }

expect 78 'cannot connect to 127\.0\.0\.1:1: Connection refused' call --address=127.0.0.1:1
# A name that no resolver asks anybody for.
expect 78 'nowhere\.\.invalid' call --address=nowhere..invalid:80
for address in 127.0.0.1 :::1 host:port '[::1' '' http://127.0.0.1:1; do
  expect 2 '^micro: --address: .*write ' call --address="$address"
done
expect 2 'port 65536 of address “127.0.0.1:65536” is out of range' call --address=127.0.0.1:65536
expect 2 'port 0 of address “127.0.0.1:0” is for listening' call --address=127.0.0.1:0
expect 1 'cannot listen: port 99999 .* is out of range' "$greeter" --server-address=:99999
expect 1 'address|port' "$greeter" --server-address=127.0.0.1:notaport
expect 1 'cannot listen on 192\.0\.2\.1:80' "$greeter" --server-address=192.0.2.1:80

serves "$work/first.log" "$greeter" --server-address=127.0.0.1:0
address=$(micro get greeter -o jsonl | python3 -c 'import json, sys; print(json.load(sys.stdin)["nodes"][0]["address"])')
expect 1 "cannot listen on $address: Address already in use; choose another port" \
  "$greeter" --server-address="$address"

# A request that nobody writes, or not to its end, a part of the time, and a whole one by a pipe.
mkfifo "$work/fifo"
late='micro: (call|stream): DEADLINE_EXCEEDED \(4\): .* did not end within 50 ms'
expect 68 "$late" micro call greeter Hello "@$work/fifo" --timeout=50ms
expect 68 "$late" micro call greeter Hello - --timeout=50ms <>"$work/fifo"
expect 68 "$late" micro stream greeter Repeat "@$work/fifo" --timeout=50ms
exec 3<>"$work/fifo"
printf '{"na' >&3
expect 68 "$late" micro call greeter Hello "@$work/fifo" --timeout=50ms
exec 3>&-
expect 2 'a line of standard input has more than the 4194304 bytes' \
  micro stream greeter Chat - </dev/zero
expect 2 'line 1 of standard input is not a JSON object' \
  bash -c 'printf "{}\0{}\n" | micro stream greeter Chat -'
expect 2 'cannot read standard input: Is a directory' micro stream greeter Chat - </
expect 2 'cannot read standard input: Bad file' bash -c 'micro stream greeter Chat - <&-'
service=$pid
background "$work/whole.log" bash -c "printf '{\"name\": \"Pipe\"}' >'$work/fifo'"
expect 0 'Hello Pipe' micro call greeter Hello "@$work/fifo"
pid=$service

# Output that nobody takes, a reader that has had enough, a stranger in the registry's folder.
for words in list 'get greeter' 'call greeter Hello' 'stream greeter Repeat' help version; do
  expect 1 '^micro: cannot write standard output: No space left' bash -c "micro $words >/dev/full"
  expect 1 '^micro: cannot write standard output: ' bash -c "micro $words >&-"
done
expect 0 '^SERVICE' bash -c 'micro list | head -1; exit ${PIPESTATUS[1]}'
touch "$XDG_RUNTIME_DIR/micro/registry/junk"
expect 0 '^micro: warning: ignoring .*/junk, which is no record' micro list
[[ $(micro list 2>&1 >/dev/null | wc -l) == 1 ]] || fail 'more lines than the warning'
[[ -z $(MICRO_LOG_LEVEL=error micro list 2>&1 >/dev/null) ]] || fail 'a warning at level error'
rm "$XDG_RUNTIME_DIR/micro/registry/junk"

# Killed: gone from the registry, and never called again.
kill -KILL "$pid"; wait "$pid" 2>/dev/null || true; pids=()
gone () { ! grep -q greeter <<<"$names"; }
await eval 'names=$(micro list -o name) && gone' || fail 'a dead service is still listed'
expect 3 'no service “greeter”' call

# Peers that speak something else.
cat >"$work/garbage.py" <<'END'
import os, socket, sys, threading
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
answers = {"http": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "close": b"",
           "ssh": b"SSH-2.0-OpenSSH_9.2\r\n", "noise": b"\xff" + os.urandom(4096), "silent": None}
def serve(peer):
    peer.recv(10)
    if answers[sys.argv[1]] is None:
        return threading.Event().wait()
    peer.sendall(answers[sys.argv[1]])
    peer.close()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
END
declare -A statuses=([http]=78 [close]=78 [ssh]=78 [noise]=78 [silent]=68)
declare -A sentences=([http]='answered HTTP/1.1: it is not a gRPC server, or wants TLS'
  [ssh]='does not speak HTTP/2 \(it answered “SSH-2.0-Open…”\)' [silent]='was asked'
  [close]='' [noise]='does not speak HTTP/2 \(it answered “')
for kind in http close ssh noise silent; do
  [[ $kind != silent ]] || export MICRO_CLIENT_REQUEST_TIMEOUT=500ms
  background "$work/$kind.port" python3 "$work/garbage.py" "$kind"
  await grep -q . "$work/$kind.port" || fail "the $kind peer does not start"
  address=127.0.0.1:$(cat "$work/$kind.port")
  expect "${statuses[$kind]}" "call greeter Say.Hello: [A-Z_ ()0-9]+: .*$address.*${sentences[$kind]}" \
    call --address="$address"
done
