# SPDX-License-Identifier: Apache-2.0
"""A real etcd and kube-apiserver on loopback: RBAC, TLS and bound tokens, but no nodes.

Used by tests/kubernetes/cluster (bed.py up|down FOLDER) and by the cases.  Everything is in one
folder: keys, data, logs, a kubeconfig of the administrator, and NAME.pid of what runs.
"""
import base64
import ctypes
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

ADDRESSES = 'IP:127.0.0.1,IP:::1,DNS:localhost,DNS:kubernetes.default.svc'
AUDIT_POLICY = {'apiVersion': 'audit.k8s.io/v1', 'kind': 'Policy', 'rules': [{'level': 'Metadata'}],
                'omitStages': ['RequestReceived']}
PR_SET_PDEATHSIG = 1
MOST_PUTS = 128  # of a transaction of etcd
STREAMS_LISTS = (1, 34)  # the release since which the API server does, given an etcd of its time
# What every later release does unasked.
OLD_GATES = '--feature-gates=IPv6DualStack=true,EndpointSliceTerminatingCondition=true,' \
    'BoundServiceAccountTokenVolume=true'


def free_port():
    """Below the ports that outgoing connections get, so that a stopped server finds its own again."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(('127.0.0.1', port))
                return port
            except OSError:
                continue


def wait_for(condition, seconds, what='a condition'):
    """What condition returns, once that is true; OSError in it counts as not yet."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = condition()
            if value:
                return value
        except (OSError, http.client.HTTPException):
            pass
        if time.monotonic() > end:
            raise TimeoutError(f'{what}: not within {seconds} s')
        time.sleep(0.02)


def openssl(*arguments):
    subprocess.run(['openssl', *arguments], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder, name='ca'):
        self.folder, self.name = folder, name
        self.cert = self.path(name + '.crt')
        if not os.path.exists(self.cert):
            openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                    '-keyout', self.path(name + '.key'), '-out', self.cert, '-days', '365',
                    '-subj', f'/CN=micro-test-{name}')

    def path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, subject, alternatives, *options):
        """NAME.crt and NAME.key; options such as -days."""
        extensions = self.path(name + '.ext')
        with open(extensions, 'w', encoding='ascii') as file:
            file.write(f'subjectAltName={alternatives}\nextendedKeyUsage=serverAuth,clientAuth\n')
        openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout',
                self.path(name + '.key'), '-out', self.path(name + '.csr'), '-subj', subject)
        openssl('x509', '-req', '-in', self.path(name + '.csr'), '-CA', self.cert, '-CAkey',
                self.path(self.name + '.key'), '-CAcreateserial', '-out', self.path(name + '.crt'),
                '-extfile', extensions, *(options or ('-days', '365')))


def die_with_us():
    """Run in a child before its program: it ends when we do, however that comes about."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One that outlives us when lasting; its pid is kept in a file."""

    def __init__(self, folder, name, lasting=False):
        self.folder, self.name, self.lasting = folder, name, lasting
        self.child = None
        self.log = os.path.join(folder, name + '.log')
        self.pid_file = os.path.join(folder, name + '.pid')

    def start(self, command, **options):
        with open(self.log, 'ab') as log:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          start_new_session=True,
                                          preexec_fn=None if self.lasting else die_with_us, **options)
        with open(self.pid_file, 'w', encoding='ascii') as file:
            file.write(str(self.child.pid))

    def pid(self):
        """None unless it runs: a number that somebody else has got since is not ours."""
        try:
            with open(self.pid_file, encoding='ascii') as file:
                pid = int(file.read())
            with open(f'/proc/{pid}/cmdline', 'rb') as file:
                ours = os.fsencode(self.folder) in file.read()
        except (OSError, ValueError):
            return None
        return pid if ours and (self.child is None or self.child.poll() is None) else None

    def send(self, number):
        pid = self.pid()
        if pid is not None:
            os.kill(pid, number)

    def stop(self, number=signal.SIGTERM, seconds=20):
        self.send(number)
        end = time.monotonic() + seconds
        while self.pid() is not None:
            if time.monotonic() > end:
                self.send(signal.SIGKILL)
            time.sleep(0.02)
        if self.child is not None:
            self.child.wait()
        if os.path.exists(self.pid_file):
            os.unlink(self.pid_file)

    def tail(self):
        with open(self.log, encoding='utf-8', errors='replace') as file:
            return ''.join(file.readlines()[-10:])


def encode(data):
    return base64.b64encode(data).decode()


def decode(text):
    return base64.b64decode(text)


def check_answer(answer):
    if 'error' in answer:
        raise RuntimeError(f'etcd: {answer["error"]}')


class Etcd(Process):
    def __init__(self, folder, port, peer_port, lasting=False):
        super().__init__(folder, 'etcd', lasting)
        self.port, self.peer_port = port, peer_port
        self.data, self.binary = os.path.join(folder, 'etcd'), 'etcd'

    def run(self):
        client, peer = (f'http://127.0.0.1:{port}' for port in (self.port, self.peer_port))
        self.start([self.binary, '--data-dir', self.data, '--listen-client-urls', client,
                    '--advertise-client-urls', client, '--listen-peer-urls', peer,
                    '--initial-advertise-peer-urls', peer, '--initial-cluster', f'default={peer}',
                    '--logger', 'zap'])
        wait_for(lambda: self.call('/health', None).get('health') == 'true', 20, 'etcd')

    def call(self, path, body):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=10)
        connection.request('GET' if body is None else 'POST', path, body and json.dumps(body))
        return json.loads(connection.getresponse().read())

    def read(self, key):
        """The bytes that are stored at a key."""
        found = self.call('/v3/kv/range', {'key': encode(key.encode())})
        return decode(found['kvs'][0]['value'])

    def write(self, pairs):
        """Many at once, (key, bytes) each; those of a transaction are one revision."""
        puts = [{'requestPut': {'key': encode(key.encode()), 'value': encode(value)}}
                for key, value in pairs]
        for at in range(0, len(puts), MOST_PUTS):
            check_answer(self.call('/v3/kv/txn', {'success': puts[at:at + MOST_PUTS]}))

    def remove(self, prefix):
        """Everything whose key begins so."""
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        check_answer(self.call('/v3/kv/deleterange', {'key': encode(prefix.encode()),
                                                      'range_end': encode(end.encode())}))

    def compact(self):
        """Forgets every revision but the newest."""
        revision = self.call('/v3/kv/range', {'key': 'AA=='})['header']['revision']
        self.call('/v3/kv/compaction', {'revision': revision, 'physical': True})


class Server(Process):
    """A kube-apiserver; there may be two on one etcd."""

    def __init__(self, bed, name, port, lasting=False, host='127.0.0.1'):
        super().__init__(bed.folder, name, lasting)
        self.bed, self.port, self.host = bed, port, host
        self.url = f'https://[{host}]:{port}' if ':' in host else f'https://{host}:{port}'

    def run(self, *options, ready=True):
        pki = self.bed.path('pki')
        if self.bed.release < (1, 21):
            options = [OLD_GATES, *options]
        self.start([self.bed.binary, f'--etcd-servers=http://127.0.0.1:{self.bed.etcd.port}',
                    f'--bind-address={self.host}', f'--secure-port={self.port}',
                    '--advertise-address=127.0.0.1', '--endpoint-reconciler-type=none',
                    '--service-cluster-ip-range=10.96.0.0/16,fd00:96::/112',
                    f'--client-ca-file={pki}/ca.crt', f'--tls-cert-file={pki}/server.crt',
                    f'--tls-private-key-file={pki}/server.key',
                    '--service-account-issuer=https://kubernetes.default.svc',
                    f'--service-account-key-file={pki}/accounts.pub',
                    f'--service-account-signing-key-file={pki}/accounts.key',
                    '--authorization-mode=RBAC', f'--cert-dir={self.bed.path("certs")}',
                    f'--audit-policy-file={self.bed.path("audit.json")}',
                    f'--audit-log-path={self.bed.path("audit.log")}',
                    '--profiling=false', *options])
        if ready:
            self.wait_ready()

    def wait_ready(self, seconds=90):
        def ready():
            if self.child is not None and self.child.poll() is not None:
                raise RuntimeError(f'kube-apiserver ended: {self.tail()}')
            status, _ = self.bed.admin(self).request('GET', '/readyz')
            return status == 200
        wait_for(ready, seconds, 'kube-apiserver')


class Bed:
    def __init__(self, folder, binary=None, lasting=False):
        self.folder, self.was_up = os.path.abspath(folder), False
        self.binary = binary or os.environ.get('MICRO_KUBE_APISERVER', 'kube-apiserver')
        said = subprocess.run([self.binary, '--version'], check=True, capture_output=True, text=True).stdout
        self.release = tuple(int(number) for number in re.findall(r'\d+', said)[:2])
        os.makedirs(self.path('pki'), mode=0o700, exist_ok=True)
        try:
            with open(self.path('ports.json'), encoding='ascii') as file:
                ports = json.load(file)
        except OSError:
            ports = [free_port() for _ in range(3)]
            with open(self.path('ports.json'), 'w', encoding='ascii') as file:
                json.dump(ports, file)
        self.etcd = Etcd(self.folder, *ports[:2], lasting)
        if self.release >= STREAMS_LISTS:
            self.etcd.binary = os.environ.get('MICRO_ETCD', self.etcd.binary)
        self.server = Server(self, 'apiserver', ports[2], lasting)
        self.ca_file = self.path('pki/ca.crt')

    def path(self, name):
        return os.path.join(self.folder, name)

    def admin(self, server=None):
        from api import Api
        return Api((server or self.server).url, self.ca_file, cert=self.path('pki/admin.crt'),
                   key=self.path('pki/admin.key'))

    def make_keys(self):
        authority = Authority(self.path('pki'))
        if os.path.exists(self.path('pki/accounts.pub')):
            return authority
        authority.issue('server', '/CN=kube-apiserver', ADDRESSES)
        authority.issue('admin', '/O=system:masters/CN=admin', 'DNS:admin')
        key = self.path('pki/accounts.key')
        openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key)
        openssl('ec', '-in', key, '-pubout', '-out', self.path('pki/accounts.pub'))
        with open(self.path('audit.json'), 'w', encoding='ascii') as file:
            json.dump(AUDIT_POLICY, file)
        return authority

    def write_kubeconfig(self):
        pki = self.path('pki')
        config = {'apiVersion': 'v1', 'kind': 'Config', 'current-context': 'micro',
                  'clusters': [{'name': 'micro', 'cluster': {
                      'server': self.server.url, 'certificate-authority': self.ca_file}}],
                  'users': [{'name': 'admin', 'user': {'client-certificate': f'{pki}/admin.crt',
                                                       'client-key': f'{pki}/admin.key'}}],
                  'contexts': [{'name': 'micro', 'context': {'cluster': 'micro', 'user': 'admin'}}]}
        with open(self.path('kubeconfig'), 'w', encoding='ascii') as file:
            json.dump(config, file, indent=1)

    def up(self):
        self.was_up = True
        self.make_keys()
        self.write_kubeconfig()
        if self.etcd.pid() is None:
            self.etcd.run()
        if self.server.pid() is None:
            self.server.run()

    def down(self):
        """Stops both and removes the folder."""
        self.server.stop(signal.SIGKILL)
        self.etcd.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    verb, folder = sys.argv[1:]
    if verb == 'up':
        bed = Bed(folder, lasting=True)
        try:
            bed.up()
        except BaseException:
            bed.server.stop(signal.SIGKILL)
            bed.etcd.stop(signal.SIGKILL)
            raise
        print(f'kube-apiserver answers at {bed.server.url}\nexport KUBECONFIG={bed.path("kubeconfig")}')
    elif os.path.exists(folder):
        Bed(folder, lasting=True).down()


if __name__ == '__main__':
    main()
