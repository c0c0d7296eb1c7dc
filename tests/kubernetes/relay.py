# SPDX-License-Identifier: Apache-2.0
"""Between a client and the real server: passes requests on, and may change one on its way."""
import http.client
import json
import urllib.parse

import api
import fake


class Relay:
    """change_list(number, request, body) may edit what a list brought; change_watch(number, request)
    may edit the query, or return True to answer the watch as one that is too old."""

    def __init__(self, t, before_list=None, change_list=None, change_watch=None):
        self.t, self.before_list = t, before_list
        self.change_list, self.change_watch = change_list, change_watch
        self.lists, self.watches = [], []  # (query, status); (query, [type, …])
        self.server = fake.Fake(self.handle)
        t.stack.callback(self.server.stop)

    def consumer(self, namespace, **variables):
        environment = self.t.environment(MICRO_REGISTRY_ADDRESS=self.server.url,
                                         MICRO_REGISTRY_NAMESPACE=namespace, **variables)
        return self.t.consumer(environment, 'greeter')

    def handle(self, request, connection):
        if request.watch:
            self.watch(request, connection)
        else:
            self.list(request, connection)

    def list(self, request, connection):
        number = len(self.lists)
        if self.before_list is not None:
            self.before_list(number, request)
        status, body = self.t.api.request('GET', target(request))
        self.lists.append((request.query, status))
        if status == 200 and self.change_list is not None:
            self.change_list(number, request, body)
        if isinstance(body, str):
            connection.reply(status, body, 'text/plain')
        else:
            connection.reply(status, body)

    def watch(self, request, connection):
        asked, seen = dict(request.query), []
        number = len(self.watches)
        self.watches.append((asked, seen))
        if self.change_watch is not None and self.change_watch(number, request):
            connection.begin()
            connection.chunk(fake.recorded('78-watch-410-after-restart')[2])
            connection.end()
            return
        real = http.client.HTTPSConnection(self.t.api.host, self.t.api.port,
                                           context=self.t.api.context, timeout=600)
        try:
            real.request('GET', target(request), headers={'Accept': 'application/json'})
            reply = real.getresponse()
            if reply.status != 200:
                connection.reply(reply.status, reply.read())
                return
            connection.begin()
            while line := reply.readline():
                seen.append(json.loads(line)['type'])
                connection.chunk(line)
            connection.end()
        finally:
            real.close()


def target(request):
    return f'{request.path}?{urllib.parse.urlencode(request.query)}'


def pods(t, namespace, numbers):
    """Many that are registered; their addresses."""
    found = []
    for number in numbers:
        ip = f'10.250.{20 + number // 200}.{number % 200 + 1}'
        entry = api.record('greeter', f'{ip}:9000', node=f'greeter-{number}')
        t.pod(namespace, f'greeter-{number}', ips=(ip,), **api.published(entry))
        found.append(f'{ip}:9000')
    return found
