# SPDX-License-Identifier: Apache-2.0
"""A server that says, byte for byte, what the real API server cannot be made to say.

What it says comes from recorded exchanges (plugins/common/captures), so that it cannot drift from the real one.
"""
import json
import os
import re
import socket
import threading
import time
import urllib.parse

CAPTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../plugins/common/captures')


def recorded(name):
    """(status, headers, body) of the answer in NAME.txt; chunks are put together."""
    with open(os.path.join(CAPTURES, name + '.txt'), encoding='utf-8', newline='') as file:
        text = '\n' + file.read().replace('\r\n', '\n')
    head, body = text[text.index('\n< HTTP/') + 1:].split('\n< \n', 1)
    # What the program that recorded it said between, or in the midst of a line.
    body = re.sub(r'(?m)^[*}{] [^\n]*\n|\* Connection #0 to host [^\n]*\n?', '', body)
    if not body.startswith('{"type"'):
        body = body.replace('\n', '')
    lines = [line[2:].strip() for line in head.split('\n')]
    status = int(lines[0].split()[1])
    headers = dict(line.split(': ', 1) for line in lines[1:] if ': ' in line)
    if 'chunked' in headers.get('Transfer-Encoding', ''):
        body = ''.join(line + '\n' for line in body.split('\n') if line.startswith('{'))
    return status, headers, body


def recorded_events(name):
    return [line for line in recorded(name)[2].split('\n') if line.startswith('{"type"')]


class Request:
    def __init__(self, head, body, when):
        lines = head.split('\r\n')
        self.method, target, _ = lines[0].split(' ')
        self.path, _, query = target.partition('?')
        self.query = dict(urllib.parse.parse_qsl(query))
        self.headers = {key.lower(): value for key, value in
                        (line.split(': ', 1) for line in lines[1:])}
        self.body, self.when = body, when
        self.watch = self.query.get('watch') in ('1', 'true')

    def __repr__(self):
        return f'{self.method} {self.path} {self.query}'


class Connection:
    """What a handler answers with; it runs on the connection's own thread and may block."""

    def __init__(self, fake, stream):
        self.fake, self.stream, self.closed = fake, stream, False

    def raw(self, data):
        self.stream.sendall(data if isinstance(data, bytes) else data.encode())

    def reply(self, status, body, kind='application/json', **headers):
        if not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        body = body.encode() if isinstance(body, str) else body
        lines = [f'HTTP/1.1 {status} Answer', f'Content-Type: {kind}', f'Content-Length: {len(body)}']
        lines += [f'{key.replace("_", "-")}: {value}' for key, value in headers.items()]
        self.raw('\r\n'.join(lines).encode() + b'\r\n\r\n' + body)

    def begin(self, status=200):
        self.raw(f'HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n'
                 'Transfer-Encoding: chunked\r\n\r\n')

    def chunk(self, data):
        data = data.encode() if isinstance(data, str) else data
        self.raw(b'%x\r\n%s\r\n' % (len(data), data))

    def event(self, event):
        self.chunk((event if isinstance(event, str) else json.dumps(event)) + '\n')

    def end(self):
        self.raw('0\r\n\r\n')

    def close(self):
        self.closed = True
        self.stream.close()

    def hold(self, seconds=3600):
        """Says nothing until the client goes, the time has passed or the test ends."""
        end = time.monotonic() + seconds
        self.stream.settimeout(0.05)
        while time.monotonic() < end and not self.fake.stopping:
            try:
                if self.stream.recv(1) == b'':
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            self.stream.settimeout(None)
            return
        self.close()


class Fake:
    """handle(request, connection) answers everything; .requests is what was asked."""

    def __init__(self, handle):
        self.handle, self.requests, self.stopping = handle, [], False
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.url = f'http://127.0.0.1:{self.listener.getsockname()[1]}'
        self.errors = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.stopping:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(stream,), daemon=True).start()

    def serve(self, stream):
        connection = Connection(self, stream)
        try:
            while not connection.closed and not self.stopping:
                request = self.read(stream)
                if request is None:
                    break
                self.requests.append(request)
                self.handle(request, connection)
        except (ConnectionError, TimeoutError):
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.errors.append(error)
            raise
        finally:
            stream.close()

    @staticmethod
    def read(stream):
        data = b''
        while b'\r\n\r\n' not in data:
            more = stream.recv(65536)
            if not more:
                return None
            data += more
        head, _, body = data.partition(b'\r\n\r\n')
        length = re.search(rb'(?i)content-length: *([0-9]+)', head)
        while length and len(body) < int(length[1]):
            body += stream.recv(65536)
        return Request(head.decode(), body, time.monotonic())

    def lists(self):
        return [request for request in self.requests
                if request.method == 'GET' and not request.watch and 'pods' in request.path]

    def watches(self):
        return [request for request in self.requests if request.watch]

    def stop(self):
        self.stopping = True
        self.listener.close()


def status(code, reason, message, **details):
    return {'kind': 'Status', 'apiVersion': 'v1', 'metadata': {}, 'status': 'Failure',
            'message': message, 'reason': reason, 'code': code, **details}


def pod(name, version, *records, uid=None, ready='True', ip='10.250.0.1', namespace='default'):
    """As the server would send it; records as api.record() makes them."""
    from api import published
    return {'metadata': {'name': name, 'namespace': namespace, 'uid': uid or f'uid-{name}',
                         'resourceVersion': str(version),
                         'creationTimestamp': '2026-01-01T00:00:00Z', **published(*records)},
            'spec': {'nodeName': 'node', 'containers': [{'name': 'main', 'image': 'main'}]},
            'status': {'phase': 'Running', 'podIP': ip, 'podIPs': [{'ip': ip}],
                       'conditions': [{'type': 'Ready', 'status': ready}]}}


def pod_list(version, *pods, more=None):
    metadata = {'resourceVersion': str(version)}
    if more is not None:
        metadata['continue'] = more
    return {'kind': 'PodList', 'apiVersion': 'v1', 'metadata': metadata, 'items': list(pods)}


def event(kind, thing):
    return {'type': kind, 'object': thing}


def bookmark(version):
    """As recorded: with nulls."""
    return event('BOOKMARK', {'kind': 'Pod', 'apiVersion': 'v1', 'metadata': {
        'resourceVersion': str(version), 'creationTimestamp': None}, 'spec': {'containers': None},
        'status': {}})
