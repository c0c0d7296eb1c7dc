# SPDX-License-Identifier: Apache-2.0
"""Tokens, certificates, addresses and configuration, as they rotate, expire and go wrong."""
import base64
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time

import api
import fake
from bed import Authority, Server, free_port, wait_for
from cases_faults import serving
from cases_watch import publish
from cases_wire import address, answer, greeter, quiet, script
from harness import case, check
from tap import Proxy, Tap


def sign(bed, token, **changes):
    """The token with other claims, signed as the API server does."""
    header = token.split('.')[0]
    payload = base64.urlsafe_b64encode(json.dumps(dict(api.claims(token), **changes)).encode())
    text = f'{header}.{payload.decode().rstrip("=")}'
    der = subprocess.run(['openssl', 'dgst', '-sha256', '-sign', bed.path('pki/accounts.key')],
                         input=text.encode(), check=True, capture_output=True).stdout
    numbers, at = b'', 2
    for _ in range(2):  # ASN.1 writes the two with a sign and no leading zeros
        length = der[at + 1]
        numbers += der[at + 2:at + 2 + length].lstrip(b'\0').rjust(32, b'\0')
        at += 2 + length
    return f'{text}.{base64.urlsafe_b64encode(numbers).decode().rstrip("=")}'


def accepts(t, namespace, token):
    return api.Api(t.bed.server.url, t.bed.ca_file, token=token).request(
        'GET', f'/api/v1/namespaces/{namespace}/pods')[0] == 200


def short_lived(t, namespace, token):
    """One that is good for some seconds: a server may take them for up to a minute longer."""
    for seconds in (-50, 5):
        until = int(time.time()) + seconds
        short = sign(t.bed, token, exp=until, iat=until - 600, nbf=until - 600)
        if accepts(t, namespace, short):
            return short
    raise AssertionError('no token is accepted that was made here')


def with_token_file(t, namespace, seconds=3600, pod=None, account='rotating'):
    """A reader whose token is in a file: (environment, the file)."""
    if pod is None:
        api.make_account(t.api, namespace, account, api.WATCHER)
    file = t.write('token', api.make_token(t.api, namespace, account, pod, seconds))
    return t.environment(KUBECONFIG=t.kubeconfig(token_file=file, namespace=namespace)), file


@case(12, 'sa-token-expired-mid-watch')
def token_expires(t):
    """A watch outlives its token; what is asked afterwards carries the one in the file."""
    namespace = t.namespace()
    tap = Tap(t.bed.server.port)
    t.stack.callback(tap.stop)
    api.make_account(t.api, namespace, 'rotating', api.WATCHER)
    fresh = api.make_token(t.api, namespace, 'rotating')
    old = short_lived(t, namespace, fresh)
    file = t.write('token', old)
    environment = t.environment(KUBECONFIG=t.kubeconfig(
        token_file=file, namespace=namespace, server=f'https://127.0.0.1:{tap.address}'))
    addresses = [publish(t, namespace, 1)]
    consumer = t.consumer(environment, 'greeter')
    consumer.sees(addresses)
    wait_for(lambda: len(tap.hellos) == 2, 20, 'the watch')  # beside the list's connection
    wait_for(lambda: not accepts(t, namespace, old), 120, '401')
    addresses.append(publish(t, namespace, 2))
    consumer.sees(addresses)
    check(len(tap.hellos) == 2, 'the watch did not outlive it')
    t.write('token.new', fresh)
    os.rename(t.path('token.new'), file)
    tap.stop()
    tap.start()
    addresses.append(publish(t, namespace, 3))
    consumer.sees(addresses, 30)
    consumer.keeps(addresses[:1])


@case(13, 'bound-token-revoked-401')
def revoked(t):
    namespace = t.namespace()
    serving(t, namespace)
    api.make_account(t.api, namespace, 'rotating', api.WATCHER)
    holder = t.pod(namespace, 'holder', account='rotating')
    environment, file = with_token_file(t, namespace, pod=holder)
    addresses = [publish(t, namespace, 1)]
    consumer = t.consumer(environment, 'greeter')
    consumer.sees(addresses)
    token = open(file, encoding='ascii').read()
    t.api.delete(api.pod_path(namespace, 'holder'))
    wait_for(lambda: api.Api(t.bed.server.url, t.bed.ca_file, token=token).request(
        'GET', f'/api/v1/namespaces/{namespace}/pods')[0] == 401, 30, '401')
    t.bed.server.stop(signal.SIGKILL)
    t.bed.server.run()
    addresses.append(publish(t, namespace, 2))
    time.sleep(4)
    consumer.keeps(addresses[:1])
    check(consumer.addresses() == set(addresses[:1]), consumer.now())
    with open(file, 'w', encoding='ascii') as out:
        out.write(api.make_token(t.api, namespace, 'rotating'))
    consumer.sees(addresses, 90)


def token_checker(tokens, lists, watches):
    """A script() that answers 401 to any token but those in the list."""
    inner = script(lists, watches)

    def handle(request, connection):
        if request.headers.get('authorization', '').removeprefix('Bearer ') not in tokens:
            connection.reply(401, fake.recorded('20-401')[2])
        else:
            inner(request, connection)
    return handle


def from_file(t, server, text):
    file = t.write('token', text)
    return file, t.environment(MICRO_REGISTRY_ADDRESS=server.url, MICRO_REGISTRY_TOKEN_FILE=file,
                               MICRO_REGISTRY_NAMESPACE='default')


@case(14, 'token-file-swapped-empty-partial')
def swapped(t):
    accepted = ['first']
    server = fake.Fake(token_checker(accepted, [answer(fake.pod_list(5, greeter(1, 5)))],
                                     [lambda request, connection: ends_soon(request, connection)]))
    t.stack.callback(server.stop)
    file, environment = from_file(t, server, 'first')
    consumer = t.consumer(environment, 'greeter')
    consumer.sees([address(1)])
    for text in ('', '\n'):
        with open(file, 'w', encoding='ascii') as out:
            out.write(text)
        seen = len(server.watches())
        wait_for(lambda: len(server.watches()) > seen + 1, 20, 'more watches')
        check(server.watches()[-1].headers['authorization'] == 'Bearer first', 'not the old token')
    accepted[:] = ['second']
    # Half of it was written: refused, but it is read again.
    with open(file, 'w', encoding='ascii') as out:
        out.write('sec')
    wait_for(lambda: server.requests[-1].headers['authorization'] == 'Bearer sec', 30, 'half a token')
    with open(file, 'w', encoding='ascii') as out:
        out.write('second\n')
    taken(server, 'second')
    # As kubelet does it: the file is a link into a folder that is swapped whole.
    folder = t.path('account')
    os.makedirs(folder)
    t.fill_account(folder, 'default', 'third')
    os.unlink(file)
    os.symlink(f'{folder}/token', file)
    accepted[:] = ['third']
    taken(server, 'third')
    t.fill_account(folder, 'default', 'fourth')
    accepted[:] = ['fourth']
    taken(server, 'fourth')
    consumer.keeps([address(1)])


def taken(server, token):
    wait_for(lambda: server.watches()[-1].headers['authorization'] == f'Bearer {token}', 60, token)


def ends_soon(request, connection):
    connection.begin()
    time.sleep(1.1)
    connection.end()


@case(15, '401-same-token-no-hot-loop', cluster=False)
def hot_loop(t):
    server = fake.Fake(token_checker(['another'], [quiet], [quiet]))
    t.stack.callback(server.stop)
    _, environment = from_file(t, server, 'refused')
    consumer = t.consumer(environment, 'greeter')
    wait_for(lambda: server.requests, 20, 'a request')
    time.sleep(5)
    first = server.requests[0].when
    soon = [request for request in server.requests if request.when < first + 1]
    check(len(soon) <= 2, soon)
    check(len(server.requests) <= 6, server.requests)
    wait_for(lambda: consumer.now(), 20)
    check('refused' not in consumer.output().replace('refused the', ''), 'it shows its token')


@case(44, 'h2-offered-we-take-h1')
def takes_h1(t):
    context = ssl.create_default_context(cafile=t.bed.ca_file)
    context.set_alpn_protocols(['h2', 'http/1.1'])
    with socket.create_connection(('127.0.0.1', t.bed.server.port)) as plain:
        with context.wrap_socket(plain, server_hostname='127.0.0.1') as stream:
            check(stream.selected_alpn_protocol() == 'h2', 'the server offers no h2')
    namespace = t.namespace()
    tap = Tap(t.bed.server.port)
    t.stack.callback(tap.stop)
    addresses = [publish(t, namespace, 1)]
    consumer = t.consumer(t.reader(namespace, server=f'https://127.0.0.1:{tap.address}'), 'greeter')
    consumer.sees(addresses)
    for hello in tap.hellos:
        check(b'http/1.1' in hello and b'\x02h2' not in hello, 'h2 was asked for')


@case(43, 'two-watches-and-a-patch')
def many_watches(t):
    from cases_register import registered
    namespace = t.namespace()
    account = api.make_account(t.api, namespace, 'service', api.REGISTRAR)
    pod = t.pod(namespace, 'greeter-1', ips=('10.250.1.1',), account=account)
    environment = t.in_pod(namespace, account, pod)
    t.greeter(environment, '10.250.1.1')
    registered(t, namespace)
    names = [f'other-{i}' for i in range(6)]
    for i, name in enumerate(names):
        ip = f'10.250.4.{i + 1}'
        t.pod(namespace, name, ips=(ip,), **api.published(api.record(name, f'{ip}:9000')))
    for i, name in enumerate(names):
        t.consumer(environment, name).sees([f'10.250.4.{i + 1}:9000'])
    t.api.patch(api.pod_path(namespace, 'greeter-1'), {'metadata': {'annotations': None}})
    registered(t, namespace, seconds=6)


def refuses(t, environment, pattern):
    said = t.micro(environment, 'list')
    for _ in range(6):  # a server that has only begun takes its time for a handshake
        if 'has not answered yet' in said.stderr:
            said = t.micro(environment, 'list')
    check(said.returncode != 0, f'it trusts: {said.stdout}')
    check(any(word in said.stderr.lower() for word in pattern), said.stderr)


@case(45, 'wrong-ca-wrong-name-expired-rotated')
def wrong_certificates(t):
    namespace = t.namespace()
    serving(t, namespace)
    other = t.path('other')
    os.makedirs(other)
    stranger = Authority(other, 'stranger')
    refuses(t, t.reader(namespace, ca_file=stranger.cert), ('certificate', 'authority', 'tls'))
    pki = t.bed.path('pki')
    saved = t.path('pki')
    shutil.copytree(pki, saved)
    t.stack.callback(lambda: [shutil.copy(f'{saved}/{name}', pki)
                              for name in ('server.crt', 'server.key', 'ca.crt')])
    authority = Authority(pki)
    second = Server(t.bed, 'second', free_port())
    t.stack.callback(second.stop, signal.SIGKILL)
    url = f'https://127.0.0.1:{second.port}'
    for names, options in (('DNS:elsewhere.example', ()), (None, ('-days', '0'))):
        authority.issue('server', '/CN=kube-apiserver', names or 'IP:127.0.0.1', *options)
        second.run(ready=False)
        wait_for(lambda: socket.create_connection(('127.0.0.1', second.port), 1).close() or True, 60)
        time.sleep(1.1)
        refuses(t, t.reader(namespace, server=url), ('certificate', 'identity', 'tls'))
        second.stop(signal.SIGKILL)
    for name in ('server.crt', 'server.key'):
        shutil.copy(f'{saved}/{name}', pki)
    # The authority changes while a client runs: it reads the file again.
    ca_file = t.path('ca.crt')
    shutil.copy(t.bed.ca_file, ca_file)
    addresses = [publish(t, namespace, 1)]
    consumer = t.consumer(t.reader(namespace, ca_file=ca_file), 'greeter')
    consumer.sees(addresses)
    shutil.copy(stranger.cert, ca_file + '.new')
    from bed import ADDRESSES
    stranger.issue('server', '/CN=kube-apiserver', ADDRESSES)
    for name in ('server.crt', 'server.key'):
        shutil.copy(f'{other}/{name}', pki)
    t.bed.server.stop(signal.SIGKILL)
    t.bed.server.run(ready=False)
    os.rename(ca_file + '.new', ca_file)
    admin = api.Api(t.bed.server.url, stranger.cert, cert=f'{pki}/admin.crt',
                    key=f'{pki}/admin.key')
    wait_for(lambda: admin.request('GET', '/readyz')[0] == 200, 60, 'the API server')
    t.api = admin
    addresses.append(publish(t, namespace, 2))
    consumer.sees(addresses, 120)
    consumer.keeps(addresses[:1])


@case(46, 'mtls-client-cert-rotate')
def client_certificates(t):
    namespace = t.namespace()
    serving(t, namespace)
    authority = Authority(t.bed.path('pki'))
    for name in ('ada', 'bob'):
        authority.issue(f'client-{name}', f'/CN={name}', f'DNS:{name}')
        t.api.post(f'{api.RBAC}/namespaces/{namespace}/roles',
                   {'metadata': {'name': name}, 'rules': api.WATCHER})
        t.api.post(f'{api.RBAC}/namespaces/{namespace}/rolebindings', {
            'metadata': {'name': name},
            'roleRef': {'apiGroup': 'rbac.authorization.k8s.io', 'kind': 'Role', 'name': name},
            'subjects': [{'kind': 'User', 'name': name, 'apiGroup': 'rbac.authorization.k8s.io'}]})
    cert, key = t.path('tls.crt'), t.path('tls.key')

    def use(name):
        for path, ending in ((cert, 'crt'), (key, 'key')):
            shutil.copy(t.bed.path(f'pki/client-{name}.{ending}'), path + '.new')
            os.rename(path + '.new', path)
    use('ada')
    environment = t.environment(
        MICRO_REGISTRY_ADDRESS=t.bed.server.url, MICRO_REGISTRY_CA_FILE=t.bed.ca_file,
        MICRO_REGISTRY_CERT_FILE=cert, MICRO_REGISTRY_KEY_FILE=key,
        MICRO_REGISTRY_NAMESPACE=namespace)
    addresses = [publish(t, namespace, 1)]
    consumer = t.consumer(environment, 'greeter')
    consumer.sees(addresses)
    use('bob')
    t.api.delete(f'{api.RBAC}/namespaces/{namespace}/rolebindings/ada')
    t.bed.server.stop(signal.SIGKILL)
    t.bed.server.run()
    addresses.append(publish(t, namespace, 2))
    consumer.sees(addresses, 400 if t.long else 150)
    consumer.keeps(addresses[:1])


@case(47, 'ipv6-host-and-address')
def ipv6(t):
    namespace = t.namespace()
    second = Server(t.bed, 'second', free_port(), host='::1')
    second.run()
    t.stack.callback(second.stop, signal.SIGKILL)
    account = api.make_account(t.api, namespace, 'service', api.REGISTRAR)
    pod = t.pod(namespace, 'greeter-1', ips=('fd00:250::1',), account=account)
    entry = api.record('greeter', '[fd00:250::1]:9000')
    t.api.patch(api.pod_path(namespace, 'greeter-1'), {'metadata': api.published(entry)})
    consumer = t.consumer(t.in_pod(namespace, account, pod, second), 'greeter')
    consumer.sees(['[fd00:250::1]:9000'])


@case(57, 'kubeconfig-merge-exec-json-yaml-proxy')
def kubeconfigs(t):
    namespace = t.namespace()
    account = api.make_account(t.api, namespace, 'reader', api.WATCHER)
    token = api.make_token(t.api, namespace, account)
    publish(t, namespace, 1)
    proxy = Proxy()
    t.stack.callback(proxy.stop)
    cluster = t.write('cluster', f"""
apiVersion: v1
kind: Config
clusters:
- name: here
  cluster:
    server: {t.bed.server.url}
    certificate-authority: {t.bed.ca_file}
- name: behind
  cluster:
    server: {t.bed.server.url}
    certificate-authority: {t.bed.ca_file}
    proxy-url: {proxy.url}
contexts:
- {{name: one, context: {{cluster: here, user: by-token, namespace: {namespace}}}}}
- {{name: two, context: {{cluster: here, user: by-command, namespace: {namespace}}}}}
- {{name: three, context: {{cluster: behind, user: by-token, namespace: {namespace}}}}}
current-context: one
""")
    credential = json.dumps({'apiVersion': 'client.authentication.k8s.io/v1',
                             'kind': 'ExecCredential', 'status': {'token': token}})
    command = t.write('credential', f"#!/bin/sh\necho '{credential}'\n")
    os.chmod(command, 0o700)
    users = t.write('users', json.dumps({
        'apiVersion': 'v1', 'kind': 'Config', 'users': [
            {'name': 'by-token', 'user': {'token': token}},
            {'name': 'by-command', 'user': {'exec': {
                'apiVersion': 'client.authentication.k8s.io/v1', 'command': command,
                'interactiveMode': 'Never'}}}]}))
    environment = t.environment(KUBECONFIG=f'{cluster}:{t.path("absent")}:{users}')
    for context in ('one', 'two', 'three'):
        check(not proxy.asked, f'not by the context {context} before: {proxy.asked}')
        said = t.micro(environment, f'--registry-context={context}', 'list', '-o', 'name')
        check(said.stdout.split() == ['greeter'], f'{context}: {said.stdout}{said.stderr}')
    check(set(proxy.asked) == {f'127.0.0.1:{t.bed.server.port}'}, proxy.asked)


