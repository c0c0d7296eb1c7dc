# SPDX-License-Identifier: Apache-2.0
"""Watching pods: what a client knows follows what the cluster says."""
import json
import shutil
import signal
import time

import api
from bed import wait_for
from harness import case, check


def publish(t, namespace, number, **options):
    """A pod that was registered by somebody: its address."""
    ip = f'10.250.2.{number}'
    entry = api.record('greeter', f'{ip}:9000', node=f'greeter-{number}')
    t.pod(namespace, f'greeter-{number}', ips=(ip,), **api.published(entry), **options)
    return f'{ip}:9000'


def watched(t, namespace, n=2):
    """A consumer that knows n pods, and their addresses."""
    addresses = [publish(t, namespace, number) for number in range(1, n + 1)]
    consumer = t.consumer(t.reader(namespace), 'greeter')
    consumer.sees(addresses)
    return consumer, addresses


def requests(t, namespace, since=0):
    """What service accounts asked in this namespace: (verb, resource), by the audit log."""
    found = []
    with open(t.bed.path('audit.log'), encoding='utf-8') as file:
        for line in list(file)[since:]:
            entry = json.loads(line)
            target = entry.get('objectRef') or {}
            if (target.get('namespace') == namespace and entry['stage'] != 'ResponseComplete'
                    or target.get('namespace') == namespace and entry['verb'] != 'watch'):
                if entry['user']['username'].startswith('system:serviceaccount:'):
                    found.append((entry['verb'], target['resource']))
    return found


def audit_length(t):
    with open(t.bed.path('audit.log'), encoding='utf-8') as file:
        return len(list(file))


@case(16, 'watch-410-after-restart')
def expired(t):
    namespace = t.namespace()
    consumer, addresses = watched(t, namespace)
    t.bed.server.stop(signal.SIGKILL)
    t.bed.etcd.compact()
    begin = audit_length(t)
    t.bed.server.run()
    states = len(consumer.states)
    addresses.append(publish(t, namespace, 3))
    consumer.sees(addresses, 150)
    consumer.keeps(addresses[:2])
    check(len(consumer.states) == states + 1, consumer.states[states:])
    asked = requests(t, namespace, begin)
    check(asked.count(('list', 'pods')) <= 1, asked)


@case(21, 'etcd-restored-from-snapshot')
def restored(t):
    """What is watched from lies in the server's future: it answers with silence."""
    namespace = t.namespace()
    addresses = [publish(t, namespace, number) for number in (1, 2)]
    environment = t.reader(namespace)
    if not t.long:
        environment['MICRO_REGISTRY_IDLE_TIMEOUT_S'] = '15'
    consumer = t.consumer(environment, 'greeter')
    consumer.sees(addresses)
    t.bed.server.stop()
    t.bed.etcd.stop()
    saved = t.path('saved')
    shutil.copytree(t.bed.etcd.data, saved)
    t.bed.etcd.run()
    t.bed.server.run()
    for number in range(3, 9):
        addresses.append(publish(t, namespace, number))
    consumer.sees(addresses, 150)
    t.bed.server.stop()
    t.bed.etcd.stop()
    shutil.rmtree(t.bed.etcd.data)
    shutil.copytree(saved, t.bed.etcd.data)
    t.bed.etcd.run()
    t.bed.server.run()
    addresses = addresses[:2] + [publish(t, namespace, 9)]
    consumer.sees(addresses, 400)
    consumer.keeps(addresses[:2])


@case(24, 'selector-leave-is-DELETED')
def leaves(t):
    namespace = t.namespace()
    consumer, addresses = watched(t, namespace)
    t.api.patch(api.pod_path(namespace, 'greeter-1'), {'metadata': {'labels': {
        'micro.mu/type': None, 'micro.mu/selector-greeter': None}}})
    consumer.sees(addresses[1:])
    check(t.api.get(api.pod_path(namespace, 'greeter-1')), 'the pod is there still')


@case(25, 'graceful-delete-draining')
def draining(t):
    namespace = t.namespace()
    consumer, addresses = watched(t, namespace)
    t.api.delete(api.pod_path(namespace, 'greeter-1'), grace=30)
    check('deletionTimestamp' in t.api.get(api.pod_path(namespace, 'greeter-1'))['metadata'],
          'gone at once')
    consumer.sees(addresses[1:], 5)
    t.api.delete(api.pod_path(namespace, 'greeter-1'))
    time.sleep(0.5)
    consumer.sees(addresses[1:])


@case(26, 'ready-flip-and-readiness-gate')
def flips(t):
    namespace = t.namespace()
    consumer, addresses = watched(t, namespace)
    for ready, known in ((False, addresses[1:]), (True, addresses), (None, None)):
        if known is None:
            t.api.patch(api.pod_path(namespace, 'greeter-1') + '/status', {'status': {
                'conditions': [{'type': 'Ready', 'status': 'Unknown'}]}})
            known = addresses[1:]
        else:
            api.set_status(t.api, namespace, 'greeter-1', ready=ready)
        consumer.sees(known, 5)
    # With a gate that is not met kubelet says Ready=False, whatever the containers are.
    addresses[0] = publish(t, namespace, 3, ready=False, gates=('example.org/gate',))
    api.set_status(t.api, namespace, 'greeter-3', ready=True)
    consumer.sees(addresses, 5)


@case(27, 'same-name-new-uid')
def replaced(t):
    namespace = t.namespace()
    consumer, addresses = watched(t, namespace)
    t.api.delete(api.pod_path(namespace, 'greeter-1'))
    entry = api.record('greeter', '10.250.2.9:9000', node='greeter-1')
    t.pod(namespace, 'greeter-1', ips=('10.250.2.9',), **api.published(entry))
    consumer.sees(['10.250.2.9:9000', addresses[1]])
    at = len(consumer.states)
    time.sleep(1)
    check(all(addresses[0] not in state for _, state in consumer.states[at - 1:]), consumer.states)


@case(41, 'poison-record-in-list')
def poison(t):
    namespace = t.namespace()
    good = publish(t, namespace, 1)
    t.pod(namespace, 'poison', ips=('10.250.2.66',),
          labels={'micro.mu/type': 'service', 'micro.mu/selector-greeter': 'service'},
          annotations={'micro.mu/service-greeter': '{"name": "greeter", "nodes": [7, {"address'})
    t.pod(namespace, 'odd', ips=('10.250.2.67',),
          labels={'micro.mu/type': 'service', 'micro.mu/selector-greeter': 'service'},
          annotations={'micro.mu/service-greeter': json.dumps(
              {'name': 'greeter', 'version': None, 'metadata': None, 'endpoints': None,
               'junk': {'deep': [1, {}]},
               'nodes': [{'id': 'odd', 'address': '10.250.2.67', 'port': 9000,
                          'metadata': None}]})})
    consumer = t.consumer(t.reader(namespace), 'greeter')
    consumer.sees([good, '10.250.2.67:9000'])


@case(55, 'rbac-watch-only')
def watch_only(t):
    namespace = t.namespace()
    rules = [{'apiGroups': [''], 'resources': ['pods'], 'verbs': ['list', 'watch']}]
    addresses = [publish(t, namespace, 1)]
    consumer = t.consumer(t.reader(namespace, rules), 'greeter')
    consumer.sees(addresses)
    addresses.append(publish(t, namespace, 2))
    consumer.sees(addresses)
    consumer.stop()
    wait_for(lambda: requests(t, namespace), 10, 'the audit log')
    check(set(requests(t, namespace)) <= {('list', 'pods'), ('watch', 'pods')},
          requests(t, namespace))


@case(56, 'namespace-deleted-and-recreated')
def recreated(t):
    namespace = t.namespace()
    account = api.make_account(t.api, namespace, 'reader', api.WATCHER)
    token_file = t.write('token', api.make_token(t.api, namespace, account))
    environment = t.environment(KUBECONFIG=t.kubeconfig(token_file=token_file, namespace=namespace))
    address = publish(t, namespace, 1)
    consumer = t.consumer(environment, 'greeter')
    consumer.sees([address])
    t.api.delete(api.pod_path(namespace, 'greeter-1'))
    consumer.sees([])
    # No controller empties it here, so that it goes at once when it is finalized by hand.
    for kind in ('serviceaccounts/reader', 'serviceaccounts/default'):
        t.api.delete(f'/api/v1/namespaces/{namespace}/{kind}')
    api.revoke(t.api, namespace, account)
    t.api.delete(f'/api/v1/namespaces/{namespace}')
    t.api.must('PUT', f'/api/v1/namespaces/{namespace}/finalize',
               {'apiVersion': 'v1', 'kind': 'Namespace', 'metadata': {'name': namespace},
                'spec': {'finalizers': []}})
    wait_for(lambda: t.api.request('GET', f'/api/v1/namespaces/{namespace}')[0] == 404, 20)
    api.make_namespace(t.api, namespace)
    api.make_account(t.api, namespace, 'reader', api.WATCHER)
    t.write('token', api.make_token(t.api, namespace, account))
    address = publish(t, namespace, 2)
    consumer.sees([address], 90)
