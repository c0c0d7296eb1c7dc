# SPDX-License-Identifier: Apache-2.0
"""EndpointSlices: services that know nothing of the toolkit."""
import time

import api
import fake
from bed import wait_for
from harness import case, check


def looking(t, namespace, service='web', **variables):
    """A consumer that may see nothing but EndpointSlices."""
    environment = t.reader(namespace, api.ENDPOINTS)
    environment.update(MICRO_REGISTRY_DISCOVERY='endpoints', **variables)
    return t.consumer(environment, service)


def ips(low, high):
    return [f'10.251.{number // 200}.{number % 200 + 1}' for number in range(low, high)]


def at(addresses, port=8080):
    return [f'{address}:{port}' for address in addresses]


@case(49, 'three-slices-250-endpoints')
def three_slices(t):
    """A service is the union of its slices, whichever of them changes, empties or goes."""
    namespace = t.namespace()
    parts = [ips(0, 100), ips(100, 200), ips(200, 250)]
    for i, part in enumerate(parts):
        api.make_slice(t.api, namespace, f'web-{i}', 'web', [api.endpoint(ip) for ip in part])
    consumer = looking(t, namespace)
    consumer.sees(at(sum(parts, [])))
    path = api.slice_path(namespace, 'web-1')
    parts[1] = parts[1][:-1] + ips(250, 251)
    t.api.patch(path, {'endpoints': [api.endpoint(ip) for ip in parts[1]]})
    consumer.sees(at(sum(parts, [])))
    t.api.patch(path, {'endpoints': []})
    consumer.sees(at(parts[0] + parts[2]))
    t.api.delete(api.slice_path(namespace, 'web-0'))
    consumer.sees(at(parts[2]))
    # A move between two slices: written to the new one first, and no moment without it.
    states = len(consumer.states)
    t.api.patch(path, {'endpoints': [api.endpoint(parts[2][0])]})
    t.api.patch(api.slice_path(namespace, 'web-2'),
                {'endpoints': [api.endpoint(ip) for ip in parts[2][1:]]})
    marker = ips(260, 261)
    t.api.patch(path, {'endpoints': [api.endpoint(parts[2][0]), api.endpoint(*marker)]})
    consumer.sees(at(parts[2] + marker))
    consumer.keeps(at(parts[2]), states - 1)


@case(50, 'slice-nulls-duplicates-FQDN-dual-stack')
def nulls(t):
    namespace = t.namespace()
    api.make_slice(t.api, namespace, 'web-1', 'web', [
        api.endpoint('10.251.0.1', ready=None), api.endpoint('10.251.0.2', ready=False),
        api.endpoint('10.251.0.3', ready=False, serving=True, terminating=True)])
    api.make_slice(t.api, namespace, 'web-2', 'web', [api.endpoint('10.251.0.1')])
    api.make_slice(t.api, namespace, 'web-3', 'web', [])
    api.make_slice(t.api, namespace, 'web-4', 'web', [api.endpoint('10.251.0.9')], ports=None)
    api.make_slice(t.api, namespace, 'web-5', 'web', [api.endpoint('web.example.org')],
                   family='FQDN')
    api.make_slice(t.api, namespace, 'web-6', 'web', [api.endpoint('fd00:251::1')], family='IPv6')
    looking(t, namespace).sees(at(['10.251.0.1']))
    looking(t, namespace, MICRO_REGISTRY_IP_FAMILY='ipv6').sees(['[fd00:251::1]:8080'])


@case(50, 'slice-nulls-that-a-server-may-send', cluster=False)
def more_nulls(t):
    """What one may write and ours does not: null for lists and for conditions."""
    def piece(name, **parts):
        return {'metadata': {'name': name, 'namespace': 'default', 'resourceVersion': '5',
                             'labels': {'kubernetes.io/service-name': 'web'}},
                'addressType': 'IPv4', 'ports': [{'name': '', 'port': 8080, 'protocol': 'TCP'}], **parts}

    def end(ip, **conditions):
        return {'addresses': [ip], 'conditions': conditions or None}
    pieces = [
        piece('web-1', endpoints=None), piece('web-2', endpoints=[end('10.251.0.9')], ports=None),
        piece('web-3', endpoints=[end('10.251.0.8')], ports=[{'name': None, 'port': None}]),
        piece('web-4', endpoints=[
            end('10.251.0.1'), end('10.251.0.2', ready=None, serving=None, terminating=None),
            end('10.251.0.3', ready=False, serving=None), end('10.251.0.4', ready=True),
            end('10.251.0.5', ready=False, serving=True, terminating=True),
            {'addresses': None, 'conditions': {'ready': True}}]),
        piece('web-5', endpoints=[end('10.251.0.4', ready=False), end('10.251.0.1')])]

    def handle(request, connection):
        if '/discovery.k8s.io/v1/' not in request.path:
            connection.reply(404, fake.status(404, 'NotFound', 'not found'))
        elif request.watch:
            connection.begin()
            connection.hold()
        else:
            connection.reply(200, {'kind': 'EndpointSliceList', 'apiVersion': 'discovery.k8s.io/v1',
                                   'metadata': {'resourceVersion': '7'}, 'items': pieces})
    looking_at(t, handle).sees(at(['10.251.0.1', '10.251.0.2', '10.251.0.4']))


@case(48, 'no-right-on-the-group-403', cluster=False)
def no_right(t):
    """What an API server answers that has no such group, to who may not ask for it: no version is
    tried after another for ever."""
    asked = []

    def handle(request, connection):
        asked.append(request.path)
        connection.reply(403, fake.status(403, 'Forbidden', 'endpointslices.discovery.k8s.io is forbidden: '
                                          'User "x" cannot list resource "endpointslices"'))
    consumer = looking_at(t, handle)
    wait_for(lambda: consumer.now(), 20, 'what it says')
    check('may not list and watch endpointslices' in str(consumer.now()), consumer.now())
    time.sleep(2)
    check(len(asked) <= 4 and len(set(asked)) == 1, asked)


def looking_at(t, handle):
    """The same as looking(), of a fake server."""
    server = fake.Fake(handle)
    t.stack.callback(server.stop)
    return t.consumer(t.environment(MICRO_REGISTRY_ADDRESS=server.url, MICRO_REGISTRY_NAMESPACE='default',
                                    MICRO_REGISTRY_DISCOVERY='endpoints'), 'web')


@case(64, 'slice-ports-by-name-and-number')
def ports(t):
    namespace = t.namespace()
    api.make_slice(t.api, namespace, 'web-1', 'web', [api.endpoint('10.251.0.1')],
                   ports=(('http', 8080), ('grpc', 9090, 'grpc')))
    for name, port in (('web:grpc', 9090), ('web:http', 8080), ('web:9090', 9090),
                       (f'web.{namespace}:grpc', 9090)):
        looking(t, namespace, name).sees(at(['10.251.0.1'], port))


@case(65, 'slice-ready-flip')
def flip(t):
    namespace = t.namespace()
    ready = {'10.251.0.1': True, '10.251.0.2': True}

    def body():
        return [api.endpoint(ip, ready=state) for ip, state in ready.items()]
    api.make_slice(t.api, namespace, 'web-1', 'web', body())
    consumer = looking(t, namespace)
    consumer.sees(at(ready))
    for state in (False, True):
        ready['10.251.0.1'] = state
        t.api.patch(api.slice_path(namespace, 'web-1'), {'endpoints': body()})
        consumer.sees(at(ip for ip, up in ready.items() if up))


@case(48, 'endpointslice-v1-or-v1beta1', cluster=False)
def old_version(t):
    """An old server has v1beta1 alone, and answers 404 for v1 to who may list it."""
    def handle(request, connection):
        if '/discovery.k8s.io/v1beta1/' in request.path:
            if request.watch:
                connection.begin()
                connection.hold()
                return
            connection.reply(200, {
                'kind': 'EndpointSliceList', 'apiVersion': 'discovery.k8s.io/v1beta1',
                'metadata': {'resourceVersion': '7'}, 'items': [{
                    'metadata': {'name': 'web-1', 'namespace': 'default', 'resourceVersion': '5',
                                 'labels': {'kubernetes.io/service-name': 'web'}},
                    'addressType': 'IPv4', 'ports': [{'name': '', 'port': 8080, 'protocol': 'TCP'}],
                    'endpoints': [{'addresses': ['10.251.0.1'], 'conditions': {'ready': True},
                                   'topology': {'kubernetes.io/hostname': 'node'}}]}]})
        elif request.path.rstrip('/') == '/apis/discovery.k8s.io':
            version = {'groupVersion': 'discovery.k8s.io/v1beta1', 'version': 'v1beta1'}
            connection.reply(200, {'kind': 'APIGroup', 'apiVersion': 'v1',
                                   'name': 'discovery.k8s.io', 'versions': [version],
                                   'preferredVersion': version})
        else:
            connection.reply(404, fake.status(404, 'NotFound', 'not found'))
    looking_at(t, handle).sees(['10.251.0.1:8080'])


@case(51, 'zone-hints-complete-partial-none')
def hints(t):
    t.since((1, 21), 'slices have hints')
    namespace = t.namespace()

    def ends(zones):
        return [api.endpoint(f'10.251.0.{number}', zone=zone,
                             **({'hints': {'forZones': [{'name': hint}]}} if hint else {}))
                for number, (zone, hint) in enumerate(zones, 1)]
    cases = {'complete': ([('a', 'a'), ('b', 'b')], [1]), 'partial': ([('a', 'a'), ('b', None)], [1, 2]),
             'elsewhere': ([('b', 'b'), ('c', 'c')], [1, 2]), 'none': ([('a', None), ('b', None)], [1, 2])}
    for name, (zones, wanted) in cases.items():
        api.make_slice(t.api, namespace, f'{name}-1', name, ends(zones))
        looking(t, namespace, name, MICRO_REGISTRY_ZONE='a').sees(
            at(f'10.251.0.{number}' for number in wanted))


@case(66, 'both-ways-at-once')
def both(t):
    namespace = t.namespace()
    api.make_slice(t.api, namespace, 'web-1', 'web', [api.endpoint('10.251.0.1')])
    t.pod(namespace, 'pod-1', ips=('10.250.2.1',),
          **api.published(api.record('greeter', '10.250.2.1:9000')))
    environment = t.reader(namespace, api.WATCHER + api.ENDPOINTS)
    environment['MICRO_REGISTRY_DISCOVERY'] = 'both'
    t.consumer(environment, 'web').sees(['10.251.0.1:8080'])
    t.consumer(environment, 'greeter').sees(['10.250.2.1:9000'])
    said = t.micro(environment, 'list', '-o', 'name')
    check({'web', 'greeter'} <= set(said.stdout.split()), said.stdout + said.stderr)
