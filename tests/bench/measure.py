# SPDX-License-Identifier: Apache-2.0
"""Called by tests/bench/run: starts each server, loads it with h2load, prints the figures.

The server has CPU 0 to itself, the load CPU 1. Server CPU is utime + stime of /proc/PID/stat
over the calls answered; figures are medians of RUNS, with the spread beside.
"""
import argparse
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SCENARIOS = {'unary-1x100': (1, 100), 'unary-8x50': (8, 50), 'unary-200x1': (200, 1)}
TICKS = os.sysconf('SC_CLK_TCK')
MILLION = 1000000
REQUEST = b'\x00\x00\x00\x00\x10\x0a\x0eJohn Doe Smith'  # 21 bytes: a gRPC message of 16
PATH = '/greeter.Say/Hello'
# At most this part of the other's server CPU.
TARGETS = {
    'unary-1x100': {'grpc-c++': 5, 'grpc-go': 3},
    'unary-8x50': {'grpc-c++': 5, 'grpc-go': 3},
    'unary-200x1': {'grpc-c++': 2, 'grpc-go': 2},
}


def pin(cpu):
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {cpu})


def frame(kind, flags, stream, payload=b''):
    return (len(payload).to_bytes(3, 'big') + bytes([kind, flags]) + stream.to_bytes(4, 'big')
            + payload)


def literal(name, value):
    return bytes([0, len(name)]) + name + bytes([len(value)]) + value


def first_call(port, deadline):
    """One whole call on a bare socket, as soon as the server takes it."""
    headers = (b'\x83\x86' + literal(b':path', PATH.encode()) + literal(b':authority', b'localhost')
               + literal(b'content-type', b'application/grpc+proto') + literal(b'te', b'trailers'))
    message = (b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + frame(4, 0, 0) + frame(1, 4, 1, headers)
               + frame(0, 1, 1, REQUEST))
    while True:
        try:
            connection = socket.create_connection(('127.0.0.1', port), timeout=5)
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.0002)
    with connection:
        connection.sendall(message)
        received = b''
        while b'Hello John Doe Smith' not in received:
            data = connection.recv(65536)
            if not data:
                raise RuntimeError('the server closed the connection without a reply')
            received += data


class Server:
    def __init__(self, name, command, environment, registered=None):
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            self.port = probe.getsockname()[1]
        self.name = name
        self.log = tempfile.TemporaryFile()
        command = [part.replace('PORT', str(self.port)) for part in command]
        start = time.monotonic()
        self.process = subprocess.Popen(command, env=dict(os.environ, **environment),
                                        stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, preexec_fn=lambda: pin(0))
        try:
            first_call(self.port, start + 10)
            while registered is not None and not registered():
                if time.monotonic() > start + 10:
                    raise RuntimeError('it does not register')
                time.sleep(0.0002)
        except (OSError, RuntimeError) as error:
            self.stop()
            self.log.seek(0)
            sys.exit(f'{name} is not ready: {error}\n{self.log.read().decode()}')
        self.ready_ms = (time.monotonic() - start) * 1000

    def cpu_seconds(self):
        with open(f'/proc/{self.process.pid}/stat') as stat:
            fields = stat.read().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

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


def load(server, scenario, calls, body, log=None):
    """Runs h2load; returns calls answered, seconds, server CPU seconds."""
    connections, in_flight = SCENARIOS[scenario]
    command = ['h2load', '-n', str(calls), '-c', str(connections), '-m', str(in_flight), '-t', '1',
               '-d', body, '-H', 'te: trailers', '-H', 'content-type: application/grpc+proto']
    if log is not None:
        command.append(f'--log-file={log}')
    before = server.cpu_seconds()
    start = time.monotonic()
    output = subprocess.run(command + [f'http://127.0.0.1:{server.port}{PATH}'], check=True,
                            preexec_fn=lambda: pin(1), stdout=subprocess.PIPE, text=True).stdout
    seconds = time.monotonic() - start
    finished = re.search(r'finished in ([0-9.]+)(m?s|us)', output)
    if finished is not None:
        seconds = float(finished.group(1)) * {'s': 1, 'ms': 1e-3, 'us': 1e-6}[finished.group(2)]
    answered = int(re.search(r'(\d+) succeeded', output).group(1))
    if answered != calls:
        sys.exit(f'{server.name}: {answered} of {calls} calls answered\n{output}')
    return answered, seconds, server.cpu_seconds() - before


def measure(server, runs, calls, body, directory, emit):
    for scenario in SCENARIOS:
        load(server, scenario, calls // 10, body)  # warm up
        cpu, rate = [], []
        for _ in range(runs):
            answered, seconds, used = load(server, scenario, calls, body)
            cpu.append(used / answered * 1e6)
            rate.append(answered / seconds)
        emit(server.name, scenario, 'server_cpu_us_per_call', statistics.median(cpu), 'us', cpu)
        emit(server.name, scenario, 'calls_per_second', statistics.median(rate), '1/s', rate)
        log = os.path.join(directory, 'latency')
        load(server, scenario, min(calls, 100000), body, log)
        with open(log) as lines:
            latency = sorted(int(line.split('\t')[2]) for line in lines)
        os.unlink(log)
        for percent in (50, 99):
            value = latency[min(len(latency) - 1, len(latency) * percent // 100)]
            emit(server.name, scenario, f'p{percent}_us', value, 'us')
    emit(server.name, 'all', 'rss_mb', server.rss_mb(), 'MB')  # with what 200 connections leave


def show(figures, names, spreads):
    def row(title, *cells):
        print(f'{title:<36}' + ''.join(f'{cell:>22}' for cell in cells))

    row('', *names)
    keys = list(dict.fromkeys((scenario, metric) for _, scenario, metric in figures))
    for scenario, metric in keys:
        cells = []
        for name in names:
            value = figures.get((name, scenario, metric))
            if value is None:
                cells.append('-')
                continue
            spread = spreads.get((name, scenario, metric))
            text = f'{value:.0f}' if value >= 1000 else f'{value:.2f}'
            if spread and len(spread) > 1:
                text += f' ±{(max(spread) - min(spread)) / 2 / value * 100:.0f}%'
            mine = figures.get(('micro', scenario, metric))
            if name != 'micro' and mine:
                text += f' ({value / mine:.1f}x)'
            cells.append(text)
        row(f'{scenario} {metric}', *cells)

    print('\n(Nx): N times micro’s figure. Targets:')
    def verdict(text, value, limit, good):
        print(f'  {"reached    " if good else "NOT REACHED"} {text}: {value:.2f}, wanted {limit}')

    for scenario, others in TARGETS.items():
        mine = figures.get(('micro', scenario, 'server_cpu_us_per_call'))
        for other, factor in others.items():
            theirs = figures.get((other, scenario, 'server_cpu_us_per_call'))
            if mine and theirs:
                verdict(f'{scenario}: {other} takes N times the CPU', theirs / mine,
                        f'at least {factor}', theirs / mine >= factor)
    for key, text, limit in ((('unary-1x100', 'rss_mb'), 'RSS after a million calls, MB', 8),
                             (('start', 'start_to_ready_ms'), 'start to ready, ms', 10)):
        value = figures.get(('micro', *key))
        if value is not None:
            verdict(text, value, f'at most {limit}', value <= limit)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('-o', dest='format', choices=('table', 'jsonl'), default='table')
    parser.add_argument('--quick', action='store_true', help='a tenth of the calls')
    parser.add_argument('--servers', default='micro,grpc-c++,grpc-go')
    options = parser.parse_args()

    figures, spreads = {}, {}

    def emit(server, scenario, metric, value, unit, spread=None):
        figures[server, scenario, metric] = value
        spreads[server, scenario, metric] = spread
        if options.format == 'jsonl':
            print(json.dumps({'server': server, 'scenario': scenario, 'metric': metric,
                              'value': round(value, 3), 'unit': unit}), flush=True)

    names = options.servers.split(',')
    with tempfile.TemporaryDirectory() as directory:
        body = os.path.join(directory, 'body')
        with open(body, 'wb') as file:
            file.write(REQUEST)
        runtime = os.path.join(directory, 'run')
        os.mkdir(runtime, 0o700)
        build = options.build
        greeter = os.path.join(build, 'examples/greeter/.libs/greeter-service')
        if not os.path.exists(greeter):
            greeter = os.path.join(build, 'examples/greeter/greeter-service')
        servers = {
            'micro': ([greeter, '--server-address=127.0.0.1:PORT'],
                      {'LD_LIBRARY_PATH': os.path.join(build, 'core/.libs'),
                       'XDG_RUNTIME_DIR': runtime},
                      lambda: any(files for _, _, files in os.walk(runtime)), 1000000),
            'grpc-c++': ([os.path.join(build, 'bench/grpc-c++/server'), '127.0.0.1:PORT'], {},
                         None, 200000),
            'grpc-go': ([os.path.join(build, 'bench/grpc-go/server'), '127.0.0.1:PORT'], {},
                        None, 200000),
        }
        for name in names:
            if name not in servers:
                sys.exit(f'no server “{name}”: there are {", ".join(servers)}')
            command, environment, registered, calls = servers[name]
            calls = calls // 10 if options.quick else calls
            ready = []
            for _ in range(10):
                server = Server(name, command, environment, registered)
                ready.append(server.ready_ms)
                server.stop()
            emit(name, 'start', 'start_to_ready_ms', statistics.median(ready), 'ms', ready)
            server = Server(name, command, environment, registered)
            load(server, 'unary-1x100', MILLION // 10 if options.quick else MILLION, body)
            emit(name, 'unary-1x100', 'rss_mb', server.rss_mb(), 'MB')
            server.stop()
            server = Server(name, command, environment, registered)
            try:
                measure(server, 3, calls, body, directory, emit)
            finally:
                server.stop()
    if options.format == 'table':
        show(figures, names, spreads)


main()
