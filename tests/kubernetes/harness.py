# SPDX-License-Identifier: Apache-2.0
"""Runs the cases: each gets what it asks for, everything it started ends with it, and is counted."""
import contextlib
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import api
from bed import Bed, die_with_us, wait_for

CASES = []
TOOLS = {'micro': 'micro', 'greeter': 'examples/greeter/greeter-service',
         'client': 'examples/greeter/greeter-client', 'consumer': 'tests/kubernetes/consumer',
         'crowd': 'tests/kubernetes/crowd', 'subscriber': 'tests/brokers/subscriber',
         'go-micro': 'peers/kubernetes-go-micro'}

# /run is empty in a pod but for what kubelet mounts.
IN_POD = 'mount -t tmpfs none /run && mkdir -p /run/secrets/kubernetes.io && ' \
    'ln -s "$ACCOUNT" /run/secrets/kubernetes.io/serviceaccount && exec "$@"'


class Skip(Exception):
    pass


def case(number, name, cluster=True):
    """A test: a function of a Case, named as the failure it would show.

    Those that need no cluster, and mostly wait, run beside the others.
    """
    def add(function):
        CASES.append((number, name, function, cluster))
        return function
    return add


def check(condition, text):
    if not condition:
        raise AssertionError(text)


class Program:
    """One of ours in the background, with what it says so far."""

    def __init__(self, command, environment):
        self.lines, self.text = queue.Queue(), []
        self.child = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=1,
                                      preexec_fn=die_with_us)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.child.stdout:
            self.text.append(line)
            self.heard(line.rstrip('\n'))

    def heard(self, line):
        pass

    def says(self, pattern, seconds=10):
        """Waits for a line; the match."""
        def found():
            for line in list(self.text):
                match = re.search(pattern, line)
                if match:
                    return match
            check(self.child.poll() is None or self.reader.is_alive(),
                  f'it ended with {self.child.poll()}: {self.output()}')
            return None
        try:
            return wait_for(found, seconds, f'“{pattern}”')
        except TimeoutError as error:
            raise AssertionError(f'{error}; it said: {self.output()}') from None

    def output(self):
        return ''.join(self.text[-30:])

    def stop(self, number=signal.SIGTERM, seconds=20):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGCONT)
            self.child.send_signal(number)
        try:
            self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        if not self.child.stdin.closed:
            self.child.stdin.close()
        self.reader.join(5)
        return self.child.returncode


class Consumer(Program):
    """A client's cache of one service: each state it had, with its time."""

    def __init__(self, command, environment):
        self.states = []  # (seconds, {address: id} or why there are none)
        super().__init__(command, environment)

    def heard(self, line):
        match = re.match(r'([0-9.]+)\t(.*)', line)
        if match:
            state = match[2]
            self.states.append((float(match[1]),
                                state if state.startswith('error: ') else json.loads(state)))

    def now(self):
        return self.states[-1][1] if self.states else None

    def addresses(self):
        state = self.now()
        return set(state) if isinstance(state, dict) else set()

    def sees(self, addresses, seconds=10):
        """Waits until it knows exactly these."""
        try:
            wait_for(lambda: self.addresses() == set(addresses), seconds)
        except TimeoutError:
            raise AssertionError(f'after {seconds} s {sorted(self.addresses())[:8]}, not '
                                 f'{sorted(addresses)[:8]}: {self.output()[-2000:]}') from None

    def keeps(self, addresses, since=0):
        """None of these was away at any time after since, a length of states."""
        for when, state in self.states[since:]:
            check(isinstance(state, dict) and set(addresses) <= set(state),
                  f'at {when:.2f} s it knew only {state}')


class Case:
    def __init__(self, bed, build, long=False):
        self.lazy_bed, self.build, self.long = bed, build, long
        self.stack = contextlib.ExitStack()
        self.lazy_api = None
        self.folder = tempfile.mkdtemp(prefix='micro-case-')
        self.stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.used = 0

    @property
    def bed(self):
        """The real servers, which start with the first case that asks for them."""
        if not self.lazy_bed.was_up:
            self.lazy_bed.up()
        return self.lazy_bed

    @property
    def api(self):
        if self.lazy_api is None:
            self.lazy_api = self.bed.admin()
        return self.lazy_api

    @api.setter
    def api(self, value):
        self.lazy_api = value

    def since(self, release, what):
        """Skips a case that an older server cannot be asked for."""
        if self.lazy_bed.release < release:
            raise Skip(f'{what} since Kubernetes {release[0]}.{release[1]}')

    def path(self, name):
        return os.path.join(self.folder, name)

    def unique(self, prefix):
        self.used += 1
        return f'{prefix}-{self.used}'

    def write(self, name, text):
        path = self.path(name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def namespace(self, name=None):
        name = api.make_namespace(self.api, name)
        self.stack.callback(self.forget, name)
        return name

    def forget(self, namespace):
        """Without controllers nothing else empties a namespace."""
        with contextlib.suppress(Exception):
            self.api.must('DELETE', f'/api/v1/namespaces/{namespace}/pods',
                          {'gracePeriodSeconds': 0})
            self.api.must('DELETE', f'{api.SLICES}/namespaces/{namespace}/endpointslices', {})

    def environment(self, **more):
        """Nothing of whoever runs the tests."""
        runtime = self.path('run')
        os.makedirs(runtime, mode=0o700, exist_ok=True)
        env = {key: os.environ[key] for key in ('PATH', 'TMPDIR', 'LD_LIBRARY_PATH', 'ASAN_OPTIONS')
               if key in os.environ}
        env.update(HOME='/nonexistent', XDG_RUNTIME_DIR=runtime, LC_ALL='C.UTF-8',
                   MICRO_PLUGIN_PATH=os.path.join(self.build, 'plugins/.libs'),
                   MICRO_REGISTRY='kubernetes', GIO_USE_VFS='local', GSETTINGS_BACKEND='memory',
                   **more)
        return env

    def kubeconfig(self, token=None, token_file=None, server=None, namespace='default', ca_file=None):
        user = {'token': token} if token else {'tokenFile': token_file} if token_file else {}
        path = self.path(self.unique('kubeconfig'))
        with open(path, 'w', encoding='ascii') as file:
            json.dump({
                'apiVersion': 'v1', 'kind': 'Config', 'current-context': 'test',
                'clusters': [{'name': 'test', 'cluster': {
                    'server': server or self.bed.server.url,
                    'certificate-authority': ca_file or self.bed.ca_file}}],
                'users': [{'name': 'test', 'user': user}],
                'contexts': [{'name': 'test', 'context': {
                    'cluster': 'test', 'user': 'test', 'namespace': namespace}}]}, file)
        return path

    def reader(self, namespace, rules=None, **config):
        """The environment of one who may only look, at one namespace."""
        account = api.make_account(self.api, namespace, self.unique('reader'),
                                   api.WATCHER if rules is None else rules)
        token = api.make_token(self.api, namespace, account)
        return self.environment(
            KUBECONFIG=self.kubeconfig(token=token, namespace=namespace, **config))

    def tool(self, name):
        path = os.path.join(self.build, TOOLS[name])
        check(os.path.exists(path), f'{path} is not built')
        return path

    def micro(self, environment, *arguments, seconds=30):
        return subprocess.run([self.tool('micro'), *arguments], env=environment, text=True,
                              timeout=seconds, stdin=subprocess.DEVNULL, capture_output=True,
                              check=False)

    def start(self, kind, name, environment, *arguments):
        command = [self.tool(name), *arguments]
        if 'ACCOUNT' in environment:
            command = ['unshare', '--mount', 'sh', '-c', IN_POD, '-', *command]
        program = kind(command, environment)
        # A case that is done with it need not wait until it has drained.
        self.stack.callback(program.stop, signal.SIGKILL)
        return program

    def consumer(self, environment, service, *arguments):
        return self.start(Consumer, 'consumer', environment, service, *arguments)

    def account_folder(self, namespace, account, pod):
        """What kubelet mounts into a pod: links into a folder that is swapped whole."""
        folder = self.path(self.unique('account'))
        os.makedirs(folder)
        self.fill_account(folder, namespace, api.make_token(self.api, namespace, account, pod))
        return folder

    def fill_account(self, folder, namespace, token):
        real = self.unique('..v')
        os.makedirs(os.path.join(folder, real))
        shutil.copy(self.bed.ca_file, os.path.join(folder, real, 'ca.crt'))
        for name, text in (('token', token), ('namespace', namespace)):
            with open(os.path.join(folder, real, name), 'w', encoding='ascii') as file:
                file.write(text)
        swap = os.path.join(folder, '..data.new')
        os.symlink(real, swap)
        os.rename(swap, os.path.join(folder, '..data'))
        for name in ('token', 'namespace', 'ca.crt'):
            if not os.path.lexists(os.path.join(folder, name)):
                os.symlink(f'..data/{name}', os.path.join(folder, name))

    def pod(self, namespace, name, **options):
        return api.make_pod(self.api, namespace, name, **options)

    def in_pod(self, namespace, account, pod, server=None):
        """The environment of a program in this pod; Case.start() puts ACCOUNT where kubelet does."""
        server = server or self.bed.server
        environment = self.environment(KUBERNETES_SERVICE_HOST=server.host,
                                       KUBERNETES_SERVICE_PORT=str(server.port),
                                       ACCOUNT=self.account_folder(namespace, account, pod))
        del environment['MICRO_REGISTRY']  # is the default in a pod
        return environment

    def greeter(self, environment, address='127.0.0.1', *arguments):
        """Serving, registered or not; .address says where."""
        program = self.start(Program, 'greeter', environment, f'--server-address={address}:0',
                             *arguments)
        program.address = program.says(r' serves on ([^ ,]+)')[1]
        return program


def kubectl(t, *arguments, text=None):
    """As the administrator; what it prints."""
    done = subprocess.run([os.environ['MICRO_KUBECTL'], *arguments], input=text, text=True,
                          env={'PATH': os.environ['PATH'], 'HOME': t.folder,
                               'KUBECONFIG': t.bed.path('kubeconfig')},
                          capture_output=True, timeout=60, check=False)
    check(done.returncode == 0, done.stderr)
    check('Warning' not in done.stderr, done.stderr)
    return done.stdout


def run_case(bed, build, number, name, function, cluster, long):
    begin = time.monotonic()
    this = None
    try:
        if cluster and bed.was_up:
            bed.server.wait_ready()
        this = Case(bed, build, long)
        with this.stack:
            function(this)
        result = 'passed'
    except Skip as reason:
        result, name = 'skipped', f'{name}: {reason}'
    except (AssertionError, TimeoutError, api.ApiError) as error:
        where = traceback.extract_tb(error.__traceback__)
        line = next((entry for entry in reversed(where) if '/cases_' in entry.filename), where[-1])
        result, name = 'failed', f'{name}: {os.path.basename(line.filename)}:{line.lineno}: {error}'
    except Exception:  # pylint: disable=broad-except
        result, name = 'failed', f'{name}: {traceback.format_exc()}'
    print(f'{result}: {number} {name} ({time.monotonic() - begin:.1f} s)', flush=True)
    return result


def main(build, arguments):
    long = '--long' in arguments
    wanted = [argument for argument in arguments if argument != '--long']
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = tempfile.mkdtemp(prefix='micro-bed-')
    bed = Bed(folder)
    if bed.release < (1, 21):
        api.SLICES += 'beta1'
    chosen = [entry for entry in sorted(CASES, key=lambda entry: entry[:2])
              if not wanted or any(re.search(pattern, f'{entry[0]} {entry[1]}') for pattern in wanted)]

    def run(cluster):
        for entry in chosen:
            if entry[3] == cluster:
                counts[run_case(bed, build, *entry, long)] += 1
    beside = threading.Thread(target=run, args=(False,), daemon=True)
    try:
        beside.start()
        run(True)
        beside.join()
    finally:
        bed.down()
    print(', '.join(f'{counts[key]} {key}' for key in ('passed', 'failed', 'skipped')))
    return 1 if counts['failed'] else 0
