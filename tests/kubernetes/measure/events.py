# SPDX-License-Identifier: Apache-2.0
"""What events cost a client that has everything in scope.

Ours has been asked for every service, so it makes a snapshot of each that changes; client-go's
handler looks whether it is the one it waits for, and does nothing.
"""
import statistics
import time

from latency import EVENTS, RATE
from load import REPLICAS


def once(bench, client):
    watcher = client.synced()
    watcher.ask('keep', 'kept')
    time.sleep(1)
    n = bench.some(EVENTS)
    before = watcher.cpu_seconds()
    with bench.load.churn(n, RATE) as others:
        said = others.communicate()[0].split()
        if others.returncode != 0:
            raise SystemExit('the load failed')
    time.sleep(1)
    cpu = (watcher.cpu_seconds() - before) * 10000 / n
    nodes, _ = watcher.ask('nodes', 'nodes')
    if int(nodes) != bench.services * REPLICAS:
        raise SystemExit(f'{client.name}: {nodes} nodes are left')
    rss = watcher.memory_mb()
    client.stop(watcher)
    return cpu, n / float(said[1]), rss


def events(bench, scenario):
    for client in bench.clients:
        runs = [once(bench, client) for _ in range(bench.runs)]
        for at, metric, unit in ((0, 'cpu_s_per_10000', 's'), (1, 'events_per_second', '1/s'),
                                 (2, 'rss_after_mb', 'MB')):
            values = [run[at] for run in runs]
            bench.emit(client.name, scenario, metric, statistics.median(values), unit, values)
