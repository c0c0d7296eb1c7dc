# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 as bytes: enough to open connections and calls without a library's memory."""
import socket
import ssl
import time

PATH = '/greeter.Say/Hello'
CHAT = '/greeter.Say/Chat'
REQUEST = b'\x00\x00\x00\x00\x10\x0a\x0eJohn Doe Smith'  # 21 bytes: a gRPC message of 16
REPLY = b'Hello John Doe Smith'
HEADERS, SETTINGS = 1, 4
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def frame(kind, flags, stream, payload=b''):
    return (len(payload).to_bytes(3, 'big') + bytes([kind, flags]) + stream.to_bytes(4, 'big')
            + payload)


def literal(name, value):
    return bytes([0, len(name)]) + name + bytes([len(value)]) + value


PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + frame(SETTINGS, 0, 0)


def call(stream, path=PATH, end=END_STREAM):
    """A call with one message; without END_STREAM its caller may go on."""
    headers = (b'\x83\x86' + literal(b':path', path.encode()) + literal(b':authority', b'localhost')
               + literal(b'content-type', b'application/grpc+proto') + literal(b'te', b'trailers'))
    return frame(HEADERS, END_HEADERS, stream, headers) + frame(0, end, stream, REQUEST)


def receive(connection, replies=1):
    """Reads until so many replies have come."""
    received = b''
    while received.count(REPLY) < replies:
        data = connection.recv(65536)
        if not data:
            raise RuntimeError('the server closed the connection without a reply')
        received += data


def tls_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(['h2'])
    return context


def first_call(port, deadline, tls=False):
    """One whole call on a bare socket, as soon as the server takes it."""
    while True:
        try:
            connection = socket.create_connection(('127.0.0.1', port), timeout=5)
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.0002)
    if tls:
        connection = tls_context().wrap_socket(connection)
    with connection:
        connection.sendall(PREFACE + call(1))
        receive(connection)
