# SPDX-License-Identifier: Apache-2.0
"""A server that is measured: started, watched in /proc, and ended by its process id."""
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

import wire

TICKS = os.sysconf('SC_CLK_TCK')


def pin(cpus):
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, cpus)


class Unready(SystemExit):
    pass


class Kind:
    """How to start one of the servers that are compared, and the clients that go with them."""

    def __init__(self, name, command, client, calls, tls, threads=(), environment=None,
                 runtime=None):
        self.name = name
        self.command = command
        self.client = client
        self.calls = calls
        self.tls = tls  # what serves with CERT and KEY
        self.threads = list(threads)  # what makes it N loop threads, where its cores do not
        self.environment = environment or {}
        self.runtime = runtime

    def registered(self):
        """Of those that register: the greeter is ready once its record is there."""
        return self.runtime is None or any(files for _, _, files in os.walk(self.runtime))

    def start(self, **options):
        for _ in range(4):  # somebody may take the port between our look and its start
            try:
                return Server(self, **options)
            except Unready as error:
                if 'in use' not in str(error):
                    raise
        return Server(self, **options)


class Server:
    def __init__(self, kind, cpus=frozenset({0}), certificate=None, threads=None,
                 host='127.0.0.1'):
        with socket.socket() as probe:
            probe.bind((host, 0))
            self.port = probe.getsockname()[1]
        self.kind, self.name = kind, kind.name
        self.log = tempfile.TemporaryFile()
        command, environment = list(kind.command), dict(os.environ, **kind.environment)
        if threads is not None:
            command += [part.replace('N', str(threads)) for part in kind.threads]
        if certificate is not None:
            command += [part.replace('CERT', certificate[0]).replace('KEY', certificate[1])
                        for part in kind.tls]
        command = [part.replace('PORT', str(self.port)).replace('HOST', host) for part in command]
        start = time.monotonic()
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log,
                                        preexec_fn=lambda: pin(cpus))
        try:
            wire.first_call(self.port, start + 10, certificate is not None)
            while not kind.registered():
                if time.monotonic() > start + 10:
                    raise RuntimeError('it does not register')
                time.sleep(0.0002)
        except BaseException as error:
            self.stop()
            self.log.seek(0)
            if not isinstance(error, (OSError, RuntimeError)):
                raise
            raise Unready(f'{self.name} is not ready: {error}\n{self.log.read().decode()}')
        self.ready_ms = (time.monotonic() - start) * 1000

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def cpu_seconds(self):
        return cpu_of(f'/proc/{self.process.pid}/stat')

    def threads_cpu_seconds(self):
        tasks = f'/proc/{self.process.pid}/task'
        return {task: cpu_of(f'{tasks}/{task}/stat') for task in os.listdir(tasks)}

    def rss_mb(self):
        with open(f'/proc/{self.process.pid}/status') as status:
            return int(re.search(r'VmRSS:\s+(\d+)', status.read()).group(1)) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def cpu_of(stat):
    with open(stat) as file:
        fields = file.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def kinds(build, runtime):
    """All of them, in the order of the table."""
    def libtool(program):
        folder, name = os.path.split(os.path.join(build, program))
        real = os.path.join(folder, '.libs', name)
        return real if os.path.exists(real) else os.path.join(folder, name)

    def peer(path):
        return os.path.join(build, 'bench', path)

    return {
        'micro': Kind(
            'micro', [libtool('examples/greeter/greeter-service'), '--server-address=HOST:PORT'],
            peer('micro/client'), 1000000, ['--tls-cert=CERT', '--tls-key=KEY'],
            ['--server-threads=N'],
            {'LD_LIBRARY_PATH': os.path.join(build, 'core/.libs'), 'XDG_RUNTIME_DIR': runtime,
             'MICRO_PLUGIN_PATH': os.path.join(build, 'plugins/.libs')},
            runtime),
        'grpc-c++': Kind(
            'grpc-c++', [peer('grpc-c++/server'), 'HOST:PORT'], peer('grpc-c++/client'), 200000,
            ['CERT', 'KEY']),
        'grpc-go': Kind(
            'grpc-go', [peer('grpc-go/bin/server'), 'HOST:PORT'], peer('grpc-go/bin/client'), 200000,
            ['CERT', 'KEY']),
    }
