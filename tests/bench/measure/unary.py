# SPDX-License-Identifier: Apache-2.0
"""Unary calls by h2load: the server's CPU, calls a second, latency, memory, the start."""
import os
import re
import statistics
import subprocess
import sys
import time

from server import pin

MILLION = 1000000
# Connections, calls in flight on each.
FIRST = {'unary-1x100': (1, 100), 'unary-8x50': (8, 50), 'unary-200x1': (200, 1)}
MORE = {'unary-1x1': (1, 1), 'unary-10x100': (10, 100)}
MIB = {'mib-1x1': (1, 1), 'mib-4x2': (4, 2)}
MIB_CALLS = 2000
SHAPES = {**FIRST, **MORE, **MIB}


def load(server, scenario, calls, body, log=None, cpus=frozenset({1})):
    """Runs h2load; returns calls answered, seconds, server CPU seconds."""
    connections, in_flight = SHAPES[scenario]
    command = ['h2load', '-n', str(calls), '-c', str(connections), '-m', str(in_flight), '-t', '1',
               '-d', body, '-H', 'te: trailers', '-H', 'content-type: application/grpc+proto']
    if log is not None:
        command.append(f'--log-file={log}')
    before = server.cpu_seconds()
    start = time.monotonic()
    output = subprocess.run(command + [f'http://127.0.0.1:{server.port}/greeter.Say/Hello'],
                            check=True, preexec_fn=lambda: pin(cpus), stdout=subprocess.PIPE,
                            text=True, timeout=600).stdout
    seconds = time.monotonic() - start
    finished = re.search(r'finished in ([0-9.]+)(m?s|us)', output)
    if finished is not None:
        seconds = float(finished.group(1)) * {'s': 1, 'ms': 1e-3, 'us': 1e-6}[finished.group(2)]
    answered = int(re.search(r'(\d+) succeeded', output).group(1))
    if answered != calls:
        sys.exit(f'{server.name}: {answered} of {calls} calls answered\n{output}')
    return answered, seconds, server.cpu_seconds() - before


def measure_shape(server, scenario, bench):
    calls = bench.calls(server.kind.calls)
    if scenario == 'unary-1x1':
        calls = min(calls, bench.calls(100000))  # one at a time is slow with everybody
    load(server, scenario, calls // 10, bench.body)  # warm up
    cpu, rate = [], []
    for _ in range(bench.runs):
        answered, seconds, used = load(server, scenario, calls, bench.body)
        cpu.append(used / answered * 1e6)
        rate.append(answered / seconds)
    bench.emit(server.name, scenario, 'server_cpu_us_per_call', statistics.median(cpu), 'us', cpu)
    bench.emit(server.name, scenario, 'calls_per_second', statistics.median(rate), '1/s', rate)
    log = os.path.join(bench.directory, 'latency')
    load(server, scenario, min(calls, 100000), bench.body, log)
    with open(log) as lines:
        latency = sorted(int(line.split('\t')[2]) for line in lines)
    os.unlink(log)
    for percent in (50, 99):
        value = latency[min(len(latency) - 1, len(latency) * percent // 100)]
        bench.emit(server.name, scenario, f'p{percent}_us', value, 'us')


def start(bench, kind):
    ready = []
    for _ in range(10):
        with kind.start() as server:
            ready.append(server.ready_ms)
    bench.emit(kind.name, 'start', 'start_to_ready_ms', statistics.median(ready), 'ms', ready)


def rss(bench, kind):
    with kind.start() as server:
        load(server, 'unary-1x100', bench.calls(MILLION), bench.body)
        bench.emit(kind.name, 'unary-1x100', 'rss_mb', server.rss_mb(), 'MB')


def first(bench, kind, wanted):
    """The shapes wanted of FIRST, one after the other on one server."""
    with kind.start() as server:
        for scenario in wanted:
            measure_shape(server, scenario, bench)
        if set(wanted) == set(FIRST):  # with what 200 connections leave
            bench.emit(kind.name, 'all', 'rss_mb', server.rss_mb(), 'MB')


def more(bench, kind, scenario):
    with kind.start() as server:
        measure_shape(server, scenario, bench)


def mib(bench, kind, scenario):
    """1 MiB each way a call; MB/s is one way of it."""
    body = os.path.join(bench.directory, 'mib')
    with open(body, 'wb') as file:
        file.write(mib_request())
    calls = bench.calls(MIB_CALLS)
    with kind.start() as server:
        load(server, scenario, calls // 10, body)
        cpu, rate = [], []
        for _ in range(bench.runs):
            answered, seconds, used = load(server, scenario, calls, body)
            cpu.append(used / answered * 1e6)
            rate.append(answered * 1.048576 / seconds)
        bench.emit(kind.name, scenario, 'server_cpu_us_per_call', statistics.median(cpu), 'us', cpu)
        bench.emit(kind.name, scenario, 'mb_per_second', statistics.median(rate), 'MB/s', rate)


def mib_request():
    """A HelloRequest whose name makes it 1 MiB."""
    name = b'x' * ((1 << 20) - 4)
    message = b'\x0a' + bytes([len(name) & 127 | 128, len(name) >> 7 & 127 | 128, len(name) >> 14])
    message += name
    return b'\x00' + len(message).to_bytes(4, 'big') + message
