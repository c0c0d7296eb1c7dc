# SPDX-License-Identifier: Apache-2.0
"""From the request that changes something to what a reader in the process is given.

Ours is looked at ten thousand times a second, in the snapshot that a call would pick from; client-go's
is the time at which the informer's handler runs, when its store has the object already.  Nobody
measured runs beside another: each has all 10,000 pods in scope, in turns of some changes.
"""
import random
import time

from load import PROBE

CHANGES = 300
TURNS = 3
EVENTS, RATE = 10000, 700


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def change(bench, watcher, kind, number):
    """Milliseconds of one."""
    since = len(watcher.seen)
    if kind == 'record':
        state, sent = bench.load.register()
    else:
        state, sent = bench.load.make_ready(number % 2 == 1)
        if kind == 'slice':
            state = bench.load.make_ready_in_slice(number % 2 == 1)
    answered = time.monotonic()
    return (watcher.sees(state, since) - sent) * 1000, (answered - sent) * 1000


def start(client, mode):
    watcher = client.synced(PROBE, mode=mode)
    while not watcher.seen:
        time.sleep(0.01)
    time.sleep(1)
    return watcher


def turns(bench, scenario, kind, mode):
    took = {client.name: [] for client in bench.clients}
    answers = {client.name: [] for client in bench.clients}
    each = bench.some(CHANGES) // TURNS // 2 * 2
    for _ in range(TURNS):
        for client in bench.clients:
            watcher = start(client, mode)
            for number in range(each):
                seen, answered = change(bench, watcher, kind, number)
                took[client.name].append(seen)
                answers[client.name].append(answered)
                time.sleep(random.uniform(0.005, 0.025))
            client.stop(watcher)
    for name, values in took.items():
        for percent in (50, 99):
            bench.emit(name, scenario, f'p{percent}_ms', percentile(values, percent), 'ms')
        bench.emit(name, scenario, 'requests_answered_p50_ms', percentile(answers[name], 50), 'ms')


def record(bench, scenario):
    turns(bench, scenario, 'record', 'pods')


def ready(bench, scenario):
    turns(bench, scenario, 'ready', 'pods')


def slices(bench, scenario):
    turns(bench, scenario, 'slice', 'endpoints')


def busy(bench, scenario):
    """While others change, some 700 times a second."""
    for client in bench.clients:
        watcher = start(client, 'pods')
        values = []
        with bench.load.churn(bench.some(EVENTS), RATE) as others:
            time.sleep(0.5)
            while others.poll() is None:
                values.append(change(bench, watcher, 'record', 0)[0])
                time.sleep(random.uniform(0.02, 0.06))
            if others.returncode != 0:
                raise SystemExit('the load failed')
            rate = bench.some(EVENTS) / float(others.stdout.read().split()[1])
        client.stop(watcher)
        bench.emit(client.name, scenario, 'events_per_second', rate, '1/s')
        bench.emit(client.name, scenario, 'mean_ms', sum(values) / len(values), 'ms')
        for percent in (50, 99):
            bench.emit(client.name, scenario, f'p{percent}_ms', percentile(values, percent), 'ms')
        bench.emit(client.name, scenario, 'most_ms', max(values), 'ms')
