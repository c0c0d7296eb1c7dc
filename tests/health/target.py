# SPDX-License-Identifier: Apache-2.0
# Targets that are not well: target.py status TEXT | fails | garbage | empty | http | silent | full
import http.server
import signal
import socket
import sys
import time
from concurrent import futures


def say(port):
    print(f"serves on 127.0.0.1:{port}", file=sys.stderr, flush=True)


def field(text):
    """HealthResponse.status, a string of less than 128 bytes."""
    return b"\x0a" + bytes([len(text)]) + text.encode()


def debug(answer):
    """A gRPC server whose Debug.Health is `answer`: bytes, or None to fail."""
    import grpc

    def health(_request, context):
        if answer is None:
            context.abort(grpc.StatusCode.INTERNAL, "the disk is on fire")
        return answer

    class Handlers(grpc.GenericRpcHandler):
        def service(self, details):
            if details.method.endswith(".Debug/Health"):
                return grpc.unary_unary_rpc_method_handler(health)
            return None

    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((Handlers(),))
    say(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    server.wait_for_termination()


def web():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    say(server.server_port)
    server.serve_forever()


def silent(backlog):
    """Takes connections and says nothing; or, its queue filled, takes none."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(backlog)
    port = listener.getsockname()[1]
    clients = []
    while backlog == 0 and len(clients) < 8:
        client = socket.socket()
        client.settimeout(0.3)
        clients.append(client)
        try:
            client.connect(("127.0.0.1", port))
        except TimeoutError:
            break
    say(port)
    while True:
        time.sleep(60)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
mode = sys.argv[1]
if mode == "status":
    debug(field(sys.argv[2]))
elif mode == "fails":
    debug(None)
elif mode == "garbage":
    debug(b"\xff\xff\xff")
elif mode == "empty":
    debug(b"")
elif mode == "http":
    web()
else:
    silent(0 if mode == "full" else 100)
