# SPDX-License-Identifier: Apache-2.0
"""By tests/bench/load: streams both ways, and unary calls at half of what a server can do.

A stream is greeter.Say.Chat: its caller sends a message, waits for the answer, sends the next. A
message is one of these pairs.
"""
import os
import statistics
import subprocess

from server import pin

# Connections, streams on each.
SHAPES = {'stream-1x1': (1, 1), 'stream-1x100': (1, 100), 'stream-10x100': (10, 100)}
CONNECTIONS, IN_FLIGHT = 8, 50
SECONDS = 5


def load(bench, server, kind, connections, in_flight, calls, rate=0):
    """Returns calls answered, seconds, server CPU seconds, p50 and p99 in µs."""
    before = server.cpu_seconds()
    output = subprocess.run(
        [os.path.join(bench.build, 'bench/load'), str(server.port), kind, str(connections),
         str(in_flight), str(calls), str(rate)], check=True, stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: pin({1}), timeout=600).stdout
    answered, seconds, p50, p99 = (float(field) for field in output.split())
    return int(answered), seconds, server.cpu_seconds() - before, p50, p99


def streams(bench, kind, scenario):
    connections, each = SHAPES[scenario]
    messages = bench.calls(kind.calls)
    if scenario == 'stream-1x1':
        messages = min(messages, bench.calls(100000))
    cpu, rate = [], []
    with kind.start() as server:
        load(bench, server, 'chat', connections, each, messages // 10)
        for _ in range(bench.runs):
            answered, seconds, used, _, _ = load(bench, server, 'chat', connections, each,
                                                 messages)
            cpu.append(used / answered * 1e6)
            rate.append(answered / seconds)
    bench.emit(kind.name, scenario, 'server_cpu_us_per_message', statistics.median(cpu), 'us', cpu)
    bench.emit(kind.name, scenario, 'messages_per_second', statistics.median(rate), '1/s', rate)


def half_load(bench, kind, scenario):
    """Each server at half of its own maximum over 8 connections; calls are made when they are due,
    whether or not others have been answered, and their time counts from then."""
    calls = bench.calls(kind.calls)
    with kind.start() as server:
        load(bench, server, 'unary', CONNECTIONS, IN_FLIGHT, calls // 10)
        most = statistics.median(
            answered / seconds for answered, seconds, *_ in
            (load(bench, server, 'unary', CONNECTIONS, IN_FLIGHT, calls)
             for _ in range(bench.runs)))
        runs = [load(bench, server, 'unary', CONNECTIONS, 1,
                     int(most / 2 * (SECONDS / 5 if bench.quick else SECONDS)), most / 2)[3:]
                for _ in range(bench.runs)]
    bench.emit(kind.name, scenario, 'calls_per_second', most / 2, '1/s')
    for name, values in zip(('p50_us', 'p99_us'), zip(*runs)):
        bench.emit(kind.name, scenario, name, statistics.median(values), 'us', values)
