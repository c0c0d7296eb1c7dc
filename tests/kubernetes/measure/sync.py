# SPDX-License-Identifier: Apache-2.0
"""From nothing to knowing everything, and what it then keeps; and lookups in that."""
import statistics
import time

from clients import AGENTS
from load import QUIET, REPLICAS, Audit

LOOKUPS = 1000000


def once(bench, client, mode, base):
    watcher = client.start(mode)
    time.sleep(0.3)
    cpu = watcher.cpu_seconds()
    sent = time.monotonic()
    _, done = watcher.ask('sync', 'synced')
    time.sleep(1.5)  # what is put off is done
    figures = {'wall_s': done - sent, 'cpu_s': watcher.cpu_seconds() - cpu,
               'rss_mb': watcher.memory_mb(), 'peak_mb': watcher.memory_mb('VmHWM')}
    figures['rss_growth_mb'] = figures['rss_mb'] - base
    figures['peak_growth_mb'] = figures['peak_mb'] - base
    kept, _ = watcher.ask('keep', 'kept')
    nodes, _ = watcher.ask('nodes', 'nodes')
    if (int(kept), int(nodes)) != (bench.services, bench.services * REPLICAS):
        raise SystemExit(f'{client.name}: {mode}: {kept} services with {nodes} nodes')
    time.sleep(0.5)
    figures['all_asked_for_rss_mb'] = watcher.memory_mb()
    if not client.is_ours:
        watcher.ask('trim', 'trimmed')
    figures['trimmed_rss_mb'] = watcher.memory_mb()
    audit = Audit(bench.case.bed)
    took, _ = watcher.ask(f'lookup {bench.some(LOOKUPS)}', 'lookup')
    figures['lookup_ns'] = float(took)
    time.sleep(0.2)
    figures['lookup_requests'] = len(audit.requests(AGENTS[client.name]))
    client.stop(watcher)
    return figures


def memory_of_one(bench, client):
    """Of a client that has one pod in scope: code, connections, buffers."""
    watcher = client.start(namespace=QUIET)
    watcher.ask('sync', 'synced')
    time.sleep(1.5)
    memory = watcher.memory_mb()
    client.stop(watcher)
    return memory


UNITS = {'mb': 'MB', 's': 's', 'ns': 'ns', 'requests': ''}


def sync(bench, scenario, mode):
    for client in bench.clients:
        bases = [memory_of_one(bench, client) for _ in range(bench.runs)]
        bench.emit(client.name, scenario, 'one_pod_rss_mb', statistics.median(bases), 'MB', bases)
        runs = [once(bench, client, mode, statistics.median(bases)) for _ in range(bench.runs)]
        for metric in runs[0]:
            values = [run[metric] for run in runs]
            bench.emit(client.name, scenario, metric, statistics.median(values),
                       UNITS[metric.rpartition('_')[2]], values)


def pods(bench, scenario):
    sync(bench, scenario, 'pods')


def endpoints(bench, scenario):
    sync(bench, scenario, 'endpoints')
