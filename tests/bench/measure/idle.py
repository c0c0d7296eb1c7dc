# SPDX-License-Identifier: Apache-2.0
"""What a server keeps in memory for peers that are there and say nothing."""
import resource
import socket
import time

import wire

CONNECTIONS = 10000
STREAMS, STREAMS_EACH = 100000, 100
PER_ADDRESS = 5000  # connections from one source address: the ports of one are about 28,000


def open_files():
    """Python's limit, raised to what we may; returns it less a few."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):
        pass
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200


class Crowd:
    """Connections that are kept open."""

    def __init__(self, port):
        self.port = port
        self.sockets = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in self.sockets:
            connection.close()

    def add(self, data, replies):
        source = (f'127.0.1.{1 + len(self.sockets) // PER_ADDRESS}', 0)
        connection = socket.create_connection(('127.0.0.1', self.port), 10, source)
        self.sockets.append(connection)
        connection.sendall(wire.PREFACE + data)
        wire.receive(connection, replies)
        connection.sendall(wire.frame(wire.SETTINGS, wire.ACK, 0))

    def alive(self):
        """How many the server has not closed: a closed one reads as an end."""
        gone = 0
        for connection in self.sockets:
            connection.setblocking(False)
            try:
                while (data := connection.recv(65536)):
                    pass
                gone += not data
            except BlockingIOError:
                pass
            except OSError:
                gone += 1
        return len(self.sockets) - gone


def measure(bench, kind, scenario, connections, data, replies, items, metric, unit):
    """Memory of @items that @connections hold, each having sent @data and got its replies."""
    connections = min(connections, open_files())
    with kind.start() as server, Crowd(server.port) as crowd:
        crowd.add(wire.call(1), 1)  # what the first of all costs
        before = server.rss_mb()
        for _ in range(connections):
            crowd.add(data, replies)
        time.sleep(1)  # what is put off is done
        if crowd.alive() != connections + 1:
            raise SystemExit(f'{kind.name}: {scenario}: the server closed idle connections')
        grown = (server.rss_mb() - before) * 1048576
        bench.emit(kind.name, scenario, metric, grown / (connections * items), unit)
        bench.emit(kind.name, scenario, 'rss_mb', server.rss_mb(), 'MB')


def connections(bench, kind, scenario):
    """Each has made one call."""
    measure(bench, kind, scenario, bench.calls(CONNECTIONS), wire.call(1), 1, 1,
            'bytes_per_connection', 'B')


def streams(bench, kind, scenario):
    """Each has sent one message and got one, and is open both ways."""
    data = b''.join(wire.call(2 * i + 1, wire.CHAT, 0) for i in range(STREAMS_EACH))
    measure(bench, kind, scenario, bench.calls(STREAMS) // STREAMS_EACH, data, STREAMS_EACH,
            STREAMS_EACH, 'bytes_per_stream', 'B')
