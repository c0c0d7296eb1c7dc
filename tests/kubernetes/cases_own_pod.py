# SPDX-License-Identifier: Apache-2.0
"""Registration against a server that conflicts, or dies between deed and answer."""
import json
import time

import api
import fake
from bed import wait_for
from cases_register import KEY, patches
from harness import case, check


class Pod:
    """One pod that is patched, after what refuse() does to the n-th patch."""

    def __init__(self, t, refuse):
        self.refuse, self.n = refuse, 0
        self.thing = fake.pod('greeter-1', 5, ip='127.0.0.1')
        self.server = fake.Fake(self.handle)
        t.stack.callback(self.server.stop)
        self.greeter = t.greeter(t.environment(
            MICRO_REGISTRY_ADDRESS=self.server.url, MICRO_REGISTRY_NAMESPACE='default',
            POD_NAME='greeter-1', POD_NAMESPACE='default', POD_UID='uid-greeter-1'))

    def handle(self, request, connection):
        if request.watch:
            connection.begin()
            connection.hold()
        elif request.method == 'PATCH':
            self.n += 1
            self.refuse(self, connection, json.loads(request.body))
        elif request.path.endswith('/pods'):
            connection.reply(200, fake.pod_list(self.thing['metadata']['resourceVersion'], self.thing))
        else:
            connection.reply(200, self.thing)

    def apply(self, body):
        metadata = self.thing['metadata']
        metadata['resourceVersion'] = str(int(metadata['resourceVersion']) + 1)
        for part in ('labels', 'annotations'):
            for key, value in (body['metadata'].get(part) or {}).items():
                metadata[part][key] = value
                if value is None:
                    del metadata[part][key]


def is_registered_once(pod):
    wait_for(lambda: KEY in pod.thing['metadata']['annotations'] and pod.n >= 2, 20, 'a record')
    time.sleep(1)
    entry = json.loads(pod.thing['metadata']['annotations'][KEY])
    check([node['address'] for node in entry['nodes']] == [pod.greeter.address], entry)
    check(pod.n <= 3, f'{pod.n} patches')


@case(5, 'register-conflict-409-then-ok', cluster=False)
def conflict(t):
    def refuse(pod, connection, body):
        if pod.n == 1:
            connection.reply(409, fake.status(409, 'Conflict', 'the object has been modified'))
            return
        pod.apply(body)
        connection.reply(200, pod.thing)
    is_registered_once(Pod(t, refuse))


@case(6, 'register-timeout-after-commit', cluster=False)
def committed(t):
    def refuse(pod, connection, body):
        pod.apply(body)
        if pod.n == 1:
            connection.close()
        else:
            connection.reply(200, pod.thing)
    is_registered_once(Pod(t, refuse))


@case(11, 'record-over-256-KiB')
def too_long(t):
    """Refused here, so that the server is not asked in vain for ever."""
    namespace = t.namespace()
    account = api.make_account(t.api, namespace, 'service', api.REGISTRAR)
    pod = t.pod(namespace, 'greeter-1', ips=('10.250.1.1',), account=account)
    greeter = t.greeter(t.in_pod(namespace, account, pod), '10.250.1.1',
                        *(f'--server-metadata=key{i}={"x" * 60000}' for i in range(5)))
    greeter.says('more than fits', 15)
    time.sleep(1)
    check(not [code for *_, code in patches(t, namespace) if code != 200], patches(t, namespace))
    check(greeter.child.poll() is None, greeter.output())
