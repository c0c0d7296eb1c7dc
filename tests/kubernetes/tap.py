# SPDX-License-Identifier: Apache-2.0
"""Stands between a client and the server: passes bytes on, remembers the first, can go away."""
import contextlib
import socket
import threading

from bed import free_port


class Tap:
    """.hellos are the first bytes of each connection."""

    def __init__(self, port):
        self.port, self.hellos, self.open = port, [], []
        self.address, self.listener = free_port(), None
        self.start()

    def start(self):
        self.listener = socket.create_server(('127.0.0.1', self.address))
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        """Refuses whoever comes, and ends what there is."""
        for stream in [self.listener, *self.open]:
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
            stream.close()
        self.open.clear()

    def accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
                self.open.append(near)
                far = socket.create_connection(('127.0.0.1', self.port))
                self.open.append(far)
                if listener.fileno() < 0:  # stopped meanwhile, perhaps without these two
                    near.close()
                    far.close()
                    return
                hello = near.recv(65536)
                far.sendall(hello)
            except OSError:
                if listener.fileno() < 0:
                    return
                continue
            self.hellos.append(hello)
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(one, other), daemon=True).start()

    @staticmethod
    def pump(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)


class Proxy:
    """An HTTP proxy that knows CONNECT alone; .asked is where to."""

    def __init__(self):
        self.asked = []
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.url = f'http://127.0.0.1:{self.listener.getsockname()[1]}'
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(near,), daemon=True).start()

    def serve(self, near):
        with near, near.makefile('rb') as lines:
            method, target, _ = lines.readline().decode().split()
            while lines.readline().strip():
                pass
            if method != 'CONNECT':
                near.sendall(b'HTTP/1.1 405 No\r\n\r\n')
                return
            self.asked.append(target)
            host, _, port = target.rpartition(':')
            with socket.create_connection((host, int(port))) as far:
                near.sendall(b'HTTP/1.1 200 OK\r\n\r\n')
                back = threading.Thread(target=Tap.pump, args=(far, near), daemon=True)
                back.start()
                Tap.pump(near, far)
                back.join()
