# SPDX-License-Identifier: Apache-2.0
"""Changes pods of bulk.py, so many a second: a program, as its threads would hinder who looks on.

Most changes are to what a pod says of itself, where a number counts up, and one in ten is a
kubelet's, which nobody else cares for: these etcd is given as another API server of the cluster would
give them, each a revision of its own, since ours could not on two cores.  One in fifty makes a pod
unready and ready again, through the API.  In the end it says {pod: its number}.
"""
import http.client
import json
import random
import re
import sys
import threading
import time

import api
import bulk
from bed import check_answer, decode, encode


class Store:
    """etcd, by a connection that stays."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection('127.0.0.1', port, timeout=30)

    def call(self, path, **body):
        self.connection.request('POST', '/v3/kv/' + path, json.dumps(body))
        answer = json.loads(self.connection.getresponse().read())
        check_answer(answer)
        return answer

    def read(self, key):
        return decode(self.call('range', key=encode(key.encode()))['kvs'][0]['value'])

    def write(self, key, value):
        self.call('put', key=encode(key.encode()), value=encode(value))


class Storm:
    def __init__(self, order):
        self.order = order
        self.chance = random.Random(order['seed'])
        self.said = [0] * order['pods']
        self.stored = {}
        self.busy, self.lock = set(), threading.Lock()
        self.late_s, self.n, self.faults = 0.0, 0, []
        self.begin = time.monotonic()

    def next(self):
        """(when, which pod, what); a pod has one change at a time."""
        with self.lock:
            if self.n >= self.order['rate'] * self.order['seconds'] or self.faults:
                return None
            number = self.chance.randrange(self.order['pods'])
            while number in self.busy:
                number = self.chance.randrange(self.order['pods'])
            self.busy.add(number)
            when = self.begin + self.n / self.order['rate']
            kind = self.chance.random()
            self.n += 2 if kind >= 0.98 else 1
            return when, number, kind

    def run(self):
        admin, store = api.Api(*self.order['api']), Store(self.order['etcd'])
        try:
            while (step := self.next()) is not None:
                when, number, kind = step
                wait = when - time.monotonic()
                if wait > 0:
                    time.sleep(wait)
                self.late_s = max(self.late_s, -wait)
                if kind < 0.98:
                    self.change(store, number, kind)
                else:
                    self.flip(admin, number)
                with self.lock:
                    self.busy.remove(number)
        except Exception as error:  # pylint: disable=broad-except
            self.faults.append(repr(error))

    def flip(self, admin, number):
        for ready in (False, True):
            api.set_status(admin, self.order['namespace'], bulk.name_of(number), ready=ready)
        self.stored.pop(number, None)

    def change(self, store, number, kind):
        key = bulk.key_of(self.order['namespace'], bulk.name_of(number))
        value = self.stored.get(number) or store.read(key)
        if kind < 0.88:
            self.said[number] += 1
            value = re.sub(rb'"said": "\d{8}"', b'"said": "%08d"' % self.said[number], value)
        else:
            value = re.sub(rb'probed-\d{8}', b'probed-%08d' % (kind * 1e8), value)
        store.write(key, value)
        self.stored[number] = value


def main():
    storm = Storm(json.loads(sys.argv[1]))
    threads = [threading.Thread(target=storm.run) for _ in range(storm.order['threads'])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({'said': storm.said, 'late_s': storm.late_s, 'faults': storm.faults,
                      'seconds': time.monotonic() - storm.begin}))


if __name__ == '__main__':
    main()
