# SPDX-License-Identifier: Apache-2.0
"""Registration: what a service writes on its pod, and what becomes of it."""
import json
import re
import signal
import time

import api
from bed import wait_for
from fake import recorded
from harness import case, check, kubectl

KEY = 'micro.mu/service-greeter'


def serve(t, namespace, name='greeter-1', ip='10.250.1.1', rules=None, account=None, arguments=(),
          **pod):
    """A greeter in a pod of its own: (the pod, the program)."""
    if account is None:
        account = api.make_account(t.api, namespace, t.unique('service'),
                                   api.REGISTRAR if rules is None else rules)
    made = t.pod(namespace, name, ips=(ip,), account=account, **pod)
    return made, t.greeter(t.in_pod(namespace, account, made), ip, *arguments)


def annotations(t, namespace, name='greeter-1'):
    return t.api.get(api.pod_path(namespace, name))['metadata'].get('annotations') or {}


def labels(t, namespace, name='greeter-1'):
    return t.api.get(api.pod_path(namespace, name))['metadata'].get('labels') or {}


def registered(t, namespace, name='greeter-1', seconds=15, key=KEY):
    return json.loads(wait_for(lambda: annotations(t, namespace, name).get(key), seconds,
                               f'{key} on {name}'))


def patches(t, namespace):
    """Of pods, by service accounts, as the audit log has them: (user, pod, status)."""
    found = []
    with open(t.bed.path('audit.log'), encoding='utf-8') as file:
        for line in file:
            entry = json.loads(line)
            target = entry.get('objectRef') or {}
            if (entry['verb'] == 'patch' and target.get('resource') == 'pods'
                    and target.get('namespace') == namespace
                    and entry['user']['username'].startswith('system:serviceaccount:')):
                found.append((entry['user']['username'], target['name'],
                              entry.get('responseStatus', {}).get('code')))
    return found


@case(1, 'register-merge-patch-visible')
def visible(t):
    namespace = t.namespace()
    consumer = t.consumer(t.reader(namespace), 'greeter')
    _, greeter = serve(t, namespace)
    consumer.sees([greeter.address])
    entry = registered(t, namespace)
    check(entry['name'] == 'greeter' and entry['nodes'][0]['address'] == greeter.address, entry)
    check({'name', 'version', 'metadata', 'endpoints', 'nodes'} <= set(entry), entry)
    have = labels(t, namespace)
    check(have.get('micro.mu/type') == 'service', have)
    check(have.get('micro.mu/selector-greeter') == 'service', have)
    # What go-micro wrote once, nulls and all, is found too.
    old = recorded('01-patch-merge-register')[2]
    text = json.loads(old)['metadata']['annotations'][KEY]
    address = json.loads(text)['nodes'][0]['address']
    t.pod(namespace, 'older', ips=(address.rpartition(':')[0],), annotations={KEY: text},
          labels={'micro.mu/type': 'service', 'micro.mu/selector-greeter': 'service'})
    consumer.sees([greeter.address, address])


@case(2, 'deregister-keeps-foreign-labels')
def foreign(t):
    namespace = t.namespace()
    _, greeter = serve(t, namespace, labels={'app': 'web'}, annotations={'note': 'mine'},
                       arguments=('--drain-delay=3s',))
    registered(t, namespace)
    t.api.patch(api.pod_path(namespace, 'greeter-1'),
                {'metadata': {'labels': {'late': 'yes'}, 'annotations': {'micro.mu/other': 'x'}}})
    greeter.child.send_signal(signal.SIGTERM)
    # While it still serves whoever has not heard of it.
    wait_for(lambda: KEY not in annotations(t, namespace), 2.5, 'the end of the record')
    said = t.micro(t.environment(), f'--address={greeter.address}', 'call', 'greeter', 'Say.Hello',
                   'name=John')
    check(said.returncode == 0 and greeter.child.poll() is None, said.stderr + greeter.output())
    check(greeter.child.wait(20) == 0, greeter.output())
    check(annotations(t, namespace) == {'note': 'mine', 'micro.mu/other': 'x'},
          annotations(t, namespace))
    check(labels(t, namespace) == {'app': 'web', 'late': 'yes'}, labels(t, namespace))


@case(3, 'deregister-one-of-two-services')
def one_of_two(t):
    namespace = t.namespace()
    pod, greeter = serve(t, namespace)
    environment = t.in_pod(namespace, pod['spec']['serviceAccountName'], pod)
    t.greeter(environment, '10.250.1.1', '--server-name=other')
    registered(t, namespace)
    registered(t, namespace, key='micro.mu/service-other')
    check(greeter.stop() == 0, greeter.output())
    have = labels(t, namespace)
    check(have.get('micro.mu/type') == 'service', have)
    check('micro.mu/selector-greeter' not in have and 'micro.mu/selector-other' in have, have)
    check(set(annotations(t, namespace)) == {'micro.mu/service-other'}, annotations(t, namespace))


@case(4, 'register-wrong-uid-422')
def wrong_uid(t):
    namespace = t.namespace()
    account = api.make_account(t.api, namespace, 'service', api.REGISTRAR)
    first = t.pod(namespace, 'greeter-1', ips=('10.250.1.1',), account=account)
    token = api.make_token(t.api, namespace, account)  # not bound, so that it outlives the pod
    t.api.delete(api.pod_path(namespace, 'greeter-1'))
    t.pod(namespace, 'greeter-1', ips=('10.250.1.2',), account=account)
    environment = t.environment(
        KUBECONFIG=t.kubeconfig(token=token, namespace=namespace), POD_NAME='greeter-1',
        POD_NAMESPACE=namespace, POD_UID=first['metadata']['uid'])
    greeter = t.greeter(environment, '10.250.1.1')
    wait_for(lambda: 422 in [code for *_, code in patches(t, namespace)], 10, 'the refusal')
    time.sleep(3)  # long enough for a storm
    check(len(patches(t, namespace)) <= 2, patches(t, namespace))
    check(annotations(t, namespace) == {}, annotations(t, namespace))
    check(greeter.child.poll() is None, 'it ended: ' + greeter.output())


@case(7, 'register-403-then-rbac-granted')
def late_grant(t):
    namespace = t.namespace()
    account = api.make_account(t.api, namespace, 'service')
    _, greeter = serve(t, namespace, account=account)
    greeter.says(f'may not get and patch pods in the namespace {namespace}', 15)
    check(f'system:serviceaccount:{namespace}:service' in greeter.output(), greeter.output())
    said = t.micro(t.reader(namespace), f'--address={greeter.address}', 'call', 'greeter', 'Say.Hello',
                   'name=John')
    check(said.returncode == 0 and 'John' in said.stdout, said.stdout + said.stderr)
    # Whoever administers the cluster pastes what it prints.
    role = re.search(r'(?ms)^apiVersion: rbac.*?^subjects:[^\n]*\n', ''.join(greeter.text))
    check(role, greeter.output())
    kubectl(t, 'apply', '-f', '-', text=role[0])
    registered(t, namespace, seconds=45)


@case(8, 'own-labels-wiped-reregister')
def wiped(t):
    namespace = t.namespace()
    serve(t, namespace)
    registered(t, namespace)
    before = labels(t, namespace)
    t.api.patch(api.pod_path(namespace, 'greeter-1'), {'metadata': {
        'labels': {name: None for name in before}, 'annotations': None}})
    registered(t, namespace, seconds=5)  # asked for are three seconds
    check(labels(t, namespace) == before, labels(t, namespace))
    # Other values are not ours either; and others' keys are nobody's business.
    t.api.patch(api.pod_path(namespace, 'greeter-1'), {'metadata': {
        'labels': {'micro.mu/selector-greeter': 'mine', 'app': 'web'}, 'annotations': {KEY: '{}'}}})
    wait_for(lambda: labels(t, namespace) == dict(before, app='web'), 5, 'the labels')
    check('nodes' in registered(t, namespace, seconds=1), annotations(t, namespace))


@case(9, 'label-name-too-long-or-odd')
def odd_names(t):
    namespace = t.namespace()
    reader = t.reader(namespace)
    names = ['a' * 55, 'trailing-', 'Orders+EU@2~x', 'io.example.orders_v2', 'shop/orders']
    for i, name in enumerate(names):
        _, greeter = serve(t, namespace, f'odd-{i}', f'10.250.1.{i + 1}',
                           arguments=(f'--server-name={name}',))
        t.consumer(reader, name).sees([greeter.address], 20)
    listed = t.micro(reader, 'list', '-o', 'name')
    check(set(names) <= set(listed.stdout.split('\n')), listed.stdout + listed.stderr)


@case(10, 'name-collision-slash-underscore')
def collision(t):
    namespace = t.namespace()
    reader = t.reader(namespace)
    addresses = {}
    for i, name in enumerate(('a/b', 'a_b')):
        _, greeter = serve(t, namespace, f'pod-{i}', f'10.250.1.{i + 1}',
                           arguments=(f'--server-name={name}',))
        addresses[name] = greeter.address
    consumers = {name: t.consumer(reader, name) for name in addresses}
    for name, address in addresses.items():
        consumers[name].sees([address])
    for name, address in addresses.items():
        consumers[name].keeps([address], 1)
        check(all(set(state) <= {address} for _, state in consumers[name].states
                  if isinstance(state, dict)), consumers[name].states)


@case(54, 'crash-restart-same-pod-stale-address')
def stale(t):
    namespace = t.namespace()
    consumer = t.consumer(t.reader(namespace), 'greeter')
    t.pod(namespace, 'greeter-1', ips=('10.250.1.1',),
          **api.published(api.record('greeter', '10.250.1.1:9000')))
    t.pod(namespace, 'greeter-2', ips=('10.250.1.2',),
          **api.published(api.record('greeter', '10.250.1.9:9000')))  # of a sandbox before this
    consumer.sees(['10.250.1.1:9000'])
    api.set_status(t.api, namespace, 'greeter-2', ips=['10.250.1.9'])
    consumer.sees(['10.250.1.1:9000', '10.250.1.9:9000'])
    api.set_status(t.api, namespace, 'greeter-1', ips=['10.250.1.5'])
    consumer.sees(['10.250.1.9:9000'])


@case(131, 'pod-of-the-token-before-POD_NAME-before-HOSTNAME')
def identity(t):
    namespace = t.namespace()
    account = api.make_account(t.api, namespace, 'service', api.REGISTRAR)
    pods = {name: t.pod(namespace, name, ips=(f'10.250.1.{i}',), account=account)
            for i, name in enumerate(('bound', 'named', 'host', 'told'), 1)}
    variables = {'POD_NAME': 'named', 'POD_UID': pods['named']['metadata']['uid'],
                 'POD_NAMESPACE': namespace, 'HOSTNAME': 'host'}
    unbound = t.environment(KUBECONFIG=t.kubeconfig(
        token=api.make_token(t.api, namespace, account), namespace=namespace))
    in_pod = t.in_pod(namespace, account, pods['bound'])
    for name, environment, arguments in (
            ('bound', dict(in_pod, **variables), ()), ('named', dict(unbound, **variables), ()),
            ('host', dict(unbound, HOSTNAME='host'), ()),
            ('told', dict(in_pod, **variables), ('--registry-pod-name=told',))):
        ip = pods[name]['status']['podIP']
        greeter = t.greeter(environment, ip, *arguments)
        check(registered(t, namespace, name)['nodes'][0]['address'] == greeter.address, name)
        others = [other for other in pods if other != name and annotations(t, namespace, other)]
        check(not others, f'not {name} but {others}')
        check(greeter.stop() == 0 and not annotations(t, namespace, name), greeter.output())


@case(132, 'nothing-is-patched-that-has-not-changed')
def quiet(t):
    namespace = t.namespace()
    _, greeter = serve(t, namespace, arguments=('--register-interval=1',))
    registered(t, namespace)
    before = t.api.get(api.pod_path(namespace, 'greeter-1'))['metadata']['resourceVersion']
    time.sleep(3)
    check(t.api.get(api.pod_path(namespace, 'greeter-1'))['metadata']['resourceVersion'] == before,
          'the pod was changed')
    check(len(patches(t, namespace)) == 1, patches(t, namespace))
    check(greeter.stop() == 0, greeter.output())
