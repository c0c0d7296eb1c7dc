# SPDX-License-Identifier: Apache-2.0
"""A peer that sends any frame in any order, and one that only wants to be served."""
import socket
import struct
import threading
import time

import hpack

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, _, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PATIENCE = 30


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(**values):
    numbers = {"table": 1, "streams": 3, "window": 4}
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", numbers[k], v) for k, v in values.items()))


def message(payload, flag=0):
    return struct.pack(">BI", flag, len(payload)) + payload


def hello(name):
    """HelloRequest or HelloResponse: one string, field 1."""
    length, n = b"", len(name)
    while n > 127:
        length, n = length + bytes([n & 127 | 128]), n >> 7
    return b"\x0a" + length + bytes([n]) + name


class Peer:
    """A connection; what comes is read in a thread, so that no flood of ours waits for it."""

    def __init__(self, port, context=None, deaf=False, greet=True, **values):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self.frames = []
        self.closed = False
        self.changed = threading.Condition()  # its lock may be taken twice
        self.encoder = hpack.Encoder()
        self.decoder = hpack.Decoder()
        self.inline = context is not None  # one thread at a time may use a TLS connection
        if not deaf and not self.inline:
            threading.Thread(target=self._read, daemon=True).start()
        if greet:
            self.send(PREFACE + settings(**values))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def _read_one(self):
        try:
            head = self._exactly(9)
            payload = self._exactly(int.from_bytes(head[:3], "big"))
            stream = int.from_bytes(head[5:], "big") & 0x7FFFFFFF
            if head[3] == HEADERS:
                payload = dict(self.decoder.decode(payload))
            with self.changed:
                self.frames.append((head[3], head[4], stream, payload))
                self.changed.notify_all()
        except (OSError, EOFError, ValueError):
            with self.changed:
                self.closed = True
                self.changed.notify_all()

    def _read(self):
        while not self.closed:
            self._read_one()

    def send(self, data):
        """FALSE: the other side has had enough."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def wait(self, wanted, timeout=PATIENCE):
        """The first frame that is wanted, None when the connection closes without one."""
        end = time.monotonic() + timeout
        seen = 0
        with self.changed:
            while True:
                while seen < len(self.frames):
                    seen += 1
                    if wanted(self.frames[seen - 1]):
                        return self.frames[seen - 1]
                if self.closed:
                    return None
                if self.inline:
                    self._read_one()
                elif not self.changed.wait(end - time.monotonic()):
                    raise TimeoutError(f"nothing came for {timeout} s")

    def take_windows(self):
        """Of streams; until their settings are acknowledged they are 64 KiB, whatever was offered."""
        self.wait(lambda f: f[0] == SETTINGS and not f[1])
        self.send(frame(SETTINGS, ACK))

    def headers(self, stream, *extra, path="/greeter.Say/Hello", end=False):
        fields = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"),
                  ("te", "trailers"), ("content-type", "application/grpc"), *extra]
        return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, self.encoder.encode(fields))

    def status(self, stream, timeout=PATIENCE):
        """The grpc-status of a call, or how its stream or connection was ended instead."""
        ended = self.wait(lambda f: f[0] == GOAWAY or f[2] == stream and
                          (f[0] == RST_STREAM or f[0] == HEADERS and "grpc-status" in f[3]), timeout)
        if ended is None:
            return "closed"
        if ended[0] == HEADERS:
            return int(ended[3]["grpc-status"])
        return "reset" if ended[0] == RST_STREAM else "GOAWAY"

    def goaway(self, timeout=PATIENCE):
        """The code of a GOAWAY, once the connection is closed too; None without one."""
        found = self.wait(lambda f: f[0] == GOAWAY, timeout)
        self.wait(lambda f: False, timeout)
        return found and int.from_bytes(found[3][4:8], "big")


class Bystander(threading.Thread):
    """Calls all the time, and remembers the longest wait."""

    def __init__(self, port, context=None):
        super().__init__(daemon=True)
        self.peer = Peer(port, context)
        self.worst = 0
        self.calls = 0
        self.problem = None
        self.over = False

    def run(self):
        stream = 1
        try:
            while not self.over:
                begun = time.monotonic()
                self.peer.send(self.peer.headers(stream) +
                               frame(DATA, END_STREAM, stream, message(hello(b"John"))))
                status = self.peer.status(stream)
                if status != 0:
                    raise RuntimeError(f"a bystander's call ended with {status}")
                self.worst = max(self.worst, time.monotonic() - begun)
                self.calls += 1
                stream += 2
                self.peer.frames.clear()
                time.sleep(0.005)
        except (OSError, RuntimeError) as error:
            self.problem = str(error)

    def end(self):
        self.over = True
        self.join(2 * PATIENCE)
        self.peer.socket.close()
