# SPDX-License-Identifier: Apache-2.0
"""Thousands of pods or slices in seconds, each as the API server itself would have stored it.

One is made through the API, and etcd is given copies of its bytes, in which name, uid, service and
address are others of the same length.  Whoever watches meanwhile would see many of one revision,
which no API server does: make them before.
"""
import json
import uuid

import api
from bed import wait_for

IPS = 150 * 150  # of three digits each in the last two places, and so of one length
ENDPOINTS = [{'name': f'Greeter.{name}', 'request': {'name': 'Request', 'type': 'Request', 'values': [
    {'name': 'name', 'type': 'string', 'values': None}]}, 'response': {
        'name': 'Response', 'type': 'Response', 'values': [
            {'name': 'greeting', 'type': 'string', 'values': None}]}, 'metadata': {}}
             for name in ('Hello', 'Goodbye')]


def name_of(number):
    return f'pod-{number:05}'


def service_of(number):
    return f'service-{number:04}'


def ip_of(number):
    return f'10.250.{100 + number // 150}.{100 + number % 150}'


def address_of(number):
    return ip_of(number) + ':9000'


def record_of(number, services, **metadata):
    """What the pod of this number says of itself."""
    entry = api.record(service_of(number % services), address_of(number), node=name_of(number),
                       endpoints=ENDPOINTS)
    entry['nodes'][0]['metadata'].update(metadata)
    return entry


def key_of(namespace, name='', kind='pods'):
    return f'/registry/{kind}/{namespace}/{name}'


def make_pods(bed, namespace, pods, services, **metadata):
    """Pods 0 to pods - 1, ready; pod N is of the service N % services."""
    assert pods <= IPS and services <= pods
    admin = bed.admin()
    meta = api.published(record_of(0, services, **metadata))
    meta['annotations']['example.org/probe'] = 'probed-00000000'
    first = api.make_pod(admin, namespace, name_of(0), ips=(ip_of(0),), **meta)
    stored = bed.etcd.read(key_of(namespace, name_of(0)))
    bed.etcd.write([
        (key_of(namespace, name_of(number)), replace(
            stored, (name_of(0), name_of(number)), (ip_of(0), ip_of(number)),
            (service_of(0), service_of(number % services)),
            (first['metadata']['uid'], str(uuid.uuid4())))) for number in range(1, pods)])
    path = f'/api/v1/namespaces/{namespace}/pods?fieldSelector=metadata.name%3D{name_of(pods - 1)}'
    wait_for(lambda: admin.get(path + '&resourceVersion=0')['items'], 60, 'the last pod')


def make_slices(bed, namespace, services, each):
    """An EndpointSlice for each service, of so many endpoints."""
    admin = bed.admin()
    first = api.make_slice(admin, namespace, service_of(0), service_of(0),
                           [api.endpoint(ip_of(number)) for number in range(each)], ports=(('', 9000),))
    stored = bed.etcd.read(key_of(namespace, service_of(0), 'endpointslices'))
    bed.etcd.write([
        (key_of(namespace, service_of(number), 'endpointslices'), replace(
            stored, (service_of(0), service_of(number)), (first['metadata']['uid'], str(uuid.uuid4())),
            *((ip_of(at), ip_of(number * each + at)) for at in range(each))))
        for number in range(1, services)])
    wait_for(lambda: admin.request('GET', api.slice_path(
        namespace, service_of(services - 1)) + '?resourceVersion=0')[0] == 200, 60, 'the last slice')


def replace(value, *pairs):
    for old, new in pairs:
        assert len(old) == len(new), (old, new)
        value = value.replace(old.encode(), new.encode())
    return value


def remove(bed, namespace):
    """All of a namespace, at once."""
    for kind in ('pods', 'endpointslices'):
        bed.etcd.remove(key_of(namespace, '', kind))


def truth(admin, namespace):
    """{service: {address: its node}} of all ready pods, as a quorum list has them."""
    found = {}
    for pod in admin.get(f'/api/v1/namespaces/{namespace}/pods')['items']:
        meta, status = pod['metadata'], pod['status']
        ready = any(entry['type'] == 'Ready' and entry['status'] == 'True'
                    for entry in status.get('conditions') or [])
        if not ready or 'deletionTimestamp' in meta or status['phase'] != 'Running':
            continue
        for key, text in (meta.get('annotations') or {}).items():
            if key.startswith('micro.mu/service-'):
                entry = json.loads(text)
                found.setdefault(entry['name'], {}).update(
                    {node['address']: node for node in entry['nodes']})
    return found
