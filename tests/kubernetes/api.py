# SPDX-License-Identifier: Apache-2.0
"""The API server's side of a test: what a cluster's users, kubelet and controllers would do."""
import base64
import http.client
import itertools
import json
import os
import ssl
import threading
import urllib.parse

MERGE = 'application/merge-patch+json'
numbers = itertools.count(1)


class ApiError(Exception):
    def __init__(self, status, body):
        super().__init__(f'{status}: {body.get("message", body) if isinstance(body, dict) else body}')
        self.status, self.body = status, body


class Api:
    """One identity at one server.  A connection a thread; everything blocks."""

    def __init__(self, url, ca_file, cert=None, key=None, token=None):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port
        self.context = ssl.create_default_context(cafile=ca_file)
        if cert is not None:
            self.context.load_cert_chain(cert, key)
        self.token = token
        self.local = threading.local()

    def request(self, method, path, body=None, content='application/json'):
        """(status, what was answered: JSON, or text)."""
        headers = {'Accept': 'application/json', 'Content-Type': content}
        if self.token is not None:
            headers['Authorization'] = 'Bearer ' + self.token
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        for again in (True, False):
            fresh = getattr(self.local, 'connection', None) is None
            if fresh:
                self.local.connection = http.client.HTTPSConnection(
                    self.host, self.port, context=self.context, timeout=60)
            try:
                self.local.connection.request(method, path, body, headers)
                reply = self.local.connection.getresponse()
                data = reply.read()
                break
            except (OSError, http.client.HTTPException):
                self.local.connection.close()
                self.local.connection = None
                if fresh or not again:
                    raise
        if (reply.getheader('Content-Type') or '').startswith('application/json'):
            return reply.status, json.loads(data)
        return reply.status, data.decode(errors='replace')

    def must(self, method, path, body=None, content='application/json'):
        status, answer = self.request(method, path, body, content)
        if status >= 400:
            raise ApiError(status, answer)
        return answer

    def get(self, path):
        return self.must('GET', path)

    def post(self, path, body):
        return self.must('POST', path, body)

    def patch(self, path, body):
        return self.must('PATCH', path, body, MERGE)

    def delete(self, path, grace=0):
        return self.must('DELETE', path, {'kind': 'DeleteOptions', 'apiVersion': 'v1',
                                          'gracePeriodSeconds': grace})


RBAC = '/apis/rbac.authorization.k8s.io/v1'
SLICES = '/apis/discovery.k8s.io/v1'
WATCHER = [{'apiGroups': [''], 'resources': ['pods'], 'verbs': ['get', 'list', 'watch']}]
REGISTRAR = WATCHER + [{'apiGroups': [''], 'resources': ['pods'], 'verbs': ['patch']}]
ENDPOINTS = [{'apiGroups': ['discovery.k8s.io'], 'resources': ['endpointslices'],
              'verbs': ['get', 'list', 'watch']}]


def make_namespace(api, name=None):
    name = name or f'test-{os.getpid()}-{next(numbers)}'
    api.post('/api/v1/namespaces', {'metadata': {'name': name}})
    make_account(api, name, 'default')
    return name


def make_account(api, namespace, name, rules=None):
    """A service account; with rules, a Role of the same name too."""
    api.post(f'/api/v1/namespaces/{namespace}/serviceaccounts', {'metadata': {'name': name}})
    if rules is not None:
        grant(api, namespace, name, rules)
    return name


def grant(api, namespace, account, rules):
    api.post(f'{RBAC}/namespaces/{namespace}/roles', {'metadata': {'name': account}, 'rules': rules})
    api.post(f'{RBAC}/namespaces/{namespace}/rolebindings', {
        'metadata': {'name': account},
        'roleRef': {'apiGroup': 'rbac.authorization.k8s.io', 'kind': 'Role', 'name': account},
        'subjects': [{'kind': 'ServiceAccount', 'name': account, 'namespace': namespace}]})


def revoke(api, namespace, account):
    for kind in ('rolebindings', 'roles'):
        api.delete(f'{RBAC}/namespaces/{namespace}/{kind}/{account}')


def make_token(api, namespace, account, pod=None, seconds=3600):
    """A bound token, as kubelet asks for one; pod: the object."""
    spec = {'expirationSeconds': seconds}
    if pod is not None:
        spec['boundObjectRef'] = {'kind': 'Pod', 'apiVersion': 'v1', 'name': pod['metadata']['name'],
                                  'uid': pod['metadata']['uid']}
    path = f'/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token'
    return api.post(path, {'spec': spec})['status']['token']


def claims(token):
    payload = token.split('.')[1]
    return json.loads(base64.urlsafe_b64decode(payload + '=' * (-len(payload) % 4)))


def pod_path(namespace, name):
    return f'/api/v1/namespaces/{namespace}/pods/{name}'


def make_pod(api, namespace, name, ips=('10.250.0.1',), account='default', ready=True, labels=None,
             annotations=None, phase='Running', gates=()):
    """A pod that a kubelet would have started; what the server then holds."""
    api.post(f'/api/v1/namespaces/{namespace}/pods', {
        'metadata': {'name': name, 'labels': labels or {}, 'annotations': annotations or {}},
        'spec': {'serviceAccountName': account, 'terminationGracePeriodSeconds': 30,
                 'nodeName': 'node', 'readinessGates': [{'conditionType': gate} for gate in gates],
                 'containers': [{'name': 'main', 'image': 'example.org/main:1'}]}})
    return set_status(api, namespace, name, phase=phase, ready=ready, ips=ips)


def set_status(api, namespace, name, phase=None, ready=None, ips=None):
    """As kubelet does when a pod becomes ready, changes its address or ends."""
    status = {}
    if phase is not None:
        status['phase'] = phase
    if ready is not None:
        status['conditions'] = [{'type': 'Ready', 'status': {True: 'True', False: 'False'}.get(
            ready, 'Unknown')}]
    if ips is not None:
        status['podIP'] = ips[0] if ips else ''
        status['podIPs'] = [{'ip': ip} for ip in ips]
    return api.patch(pod_path(namespace, name) + '/status', {'status': status})


def record(name, address, version='1.0.0', node=None, metadata=None, endpoints=()):
    """go-micro's, as its annotation holds it."""
    return {'name': name, 'version': version, 'metadata': metadata, 'endpoints': list(endpoints),
            'nodes': [{'id': node or f'{name}-{address}', 'address': address,
                       'metadata': {'protocol': 'grpc', 'transport': 'grpc'}}]}


def published(*records):
    """labels= and annotations= of a pod that publishes these records."""
    names = [entry['name'] for entry in records]
    return {'labels': {'micro.mu/type': 'service',
                       **{f'micro.mu/selector-{name}': 'service' for name in names}},
            'annotations': {f'micro.mu/service-{entry["name"]}': json.dumps(entry)
                            for entry in records}}


def endpoint(*addresses, ready=True, **more):
    """ready=None leaves the condition out, which means ready."""
    conditions = {} if ready is None else {'ready': ready}
    conditions.update({key: more.pop(key) for key in ('serving', 'terminating') if key in more})
    return {'addresses': list(addresses), 'conditions': conditions, **more}


def make_slice(api, namespace, name, service, endpoints, ports=(('', 8080),), family='IPv4'):
    """ports: (name, number) or (name, number, appProtocol); None for no list at all."""
    body = {'metadata': {'name': name, 'labels': {'kubernetes.io/service-name': service}},
            'addressType': family, 'endpoints': endpoints,
            'ports': None if ports is None else [
                {'name': port[0], 'port': port[1], 'protocol': 'TCP',
                 **({'appProtocol': port[2]} if len(port) > 2 else {})} for port in ports]}
    return api.post(f'{SLICES}/namespaces/{namespace}/endpointslices', body)


def slice_path(namespace, name):
    return f'{SLICES}/namespaces/{namespace}/endpointslices/{name}'
