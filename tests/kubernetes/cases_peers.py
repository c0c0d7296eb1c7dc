# SPDX-License-Identifier: Apache-2.0
"""go-micro's own registry for Kubernetes: it finds ours, and we find its."""
import json

import api
from bed import wait_for
from cases_register import KEY, annotations, labels, registered, serve
from harness import Program, case, check


def in_pod(t, namespace, name, ip):
    """Its way to know its pod is HOSTNAME."""
    account = api.make_account(t.api, namespace, t.unique('peer'), api.REGISTRAR)
    environment = t.in_pod(namespace, account, t.pod(namespace, name, ips=(ip,), account=account))
    environment['HOSTNAME'] = name
    return environment


@case(60, 'go-micro-finds-ours')
def finds_ours(t):
    namespace = t.namespace()
    _, greeter = serve(t, namespace)
    entry = registered(t, namespace)
    peer = t.start(Program, 'go-micro', in_pod(t, namespace, 'peer', '10.250.5.1'), 'get', 'greeter')
    peer.says(f'^node .* {greeter.address}$')
    for endpoint in entry['endpoints']:
        peer.says(f'^endpoint {endpoint["name"]}$')


@case(60, 'we-find-go-micros')
def we_find(t):
    namespace = t.namespace()
    consumer = t.consumer(t.reader(namespace), 'peer.service')
    environment = in_pod(t, namespace, 'peer', '10.250.5.1')
    peer = t.start(Program, 'go-micro', environment, 'register', 'peer.service', '10.250.5.1:7000')
    peer.says('^registered$')
    consumer.sees(['10.250.5.1:7000'])
    check(consumer.now()['10.250.5.1:7000'] == 'peer.service-go', consumer.now())
    peer.child.stdin.close()
    peer.says('^deregistered$')
    consumer.sees([])


@case(60, 'go-micro-and-ours-in-one-pod')
def one_pod(t):
    """Each removes only what it wrote, but for go-micro's type label, which ours puts back."""
    namespace = t.namespace()
    pod, greeter = serve(t, namespace)
    registered(t, namespace)
    environment = t.in_pod(namespace, pod['spec']['serviceAccountName'], pod)
    environment['HOSTNAME'] = 'greeter-1'
    peer = t.start(Program, 'go-micro', environment, 'register', 'peer', '10.250.1.1:7000')
    peer.says('^registered$')
    reader = t.reader(namespace)
    t.consumer(reader, 'peer').sees(['10.250.1.1:7000'])
    ours = t.consumer(reader, 'greeter')
    ours.sees([greeter.address])
    check(greeter.stop() == 0, greeter.output())
    check(KEY not in annotations(t, namespace), annotations(t, namespace))
    entry = json.loads(annotations(t, namespace)['micro.mu/service-peer'])
    check(entry['nodes'][0]['address'] == '10.250.1.1:7000', entry)
    check(labels(t, namespace).get('micro.mu/type') == 'service', labels(t, namespace))
    peer.child.stdin.close()
    peer.says('^deregistered$')
    wait_for(lambda: 'micro.mu/selector-peer' not in labels(t, namespace), 10, 'its leaving')
