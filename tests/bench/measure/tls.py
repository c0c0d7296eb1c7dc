# SPDX-License-Identifier: Apache-2.0
"""Full TLS handshakes, with an ECDSA P-256 certificate and without resumption."""
import os
import socket
import statistics
import subprocess

import wire

HANDSHAKES = 2000


def certificate(directory):
    pair = os.path.join(directory, 'cert.pem'), os.path.join(directory, 'key.pem')
    if not os.path.exists(pair[0]):
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                        'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=localhost',
                        '-days', '2', '-out', pair[0], '-keyout', pair[1]],
                       check=True, stderr=subprocess.DEVNULL)
    return pair


def shake(port):
    """Ends when the server has shown its SETTINGS, so it has seen the end of the handshake."""
    context = wire.tls_context()
    with socket.create_connection(('127.0.0.1', port), 10) as plain:
        with context.wrap_socket(plain) as connection:
            connection.sendall(wire.PREFACE)
            if not connection.recv(65536):
                raise RuntimeError('the server closed the connection')


def handshakes(bench, kind, scenario):
    """What a core that does nothing else can do: one over the server's CPU for each."""
    count = bench.calls(HANDSHAKES)
    cpu = []
    with kind.start(certificate=certificate(bench.directory)) as server:
        for _ in range(50):
            shake(server.port)
        for _ in range(bench.runs):
            before = server.cpu_seconds()
            for _ in range(count):
                shake(server.port)
            cpu.append((server.cpu_seconds() - before) / count)
    rate = [1 / value for value in cpu]
    bench.emit(kind.name, scenario, 'handshakes_per_core_second', statistics.median(rate), '1/s',
               rate)
