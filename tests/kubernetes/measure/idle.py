# SPDX-License-Identifier: Apache-2.0
"""How often a client that nobody uses asks the API server, by the audit log.

Each watches one service that does not change; all of them are idle together.  Elsewhere a pod
changes twice a minute, or nothing in the whole cluster does, and then there are no bookmarks.  One of
ours that is registered would get its own pod every five minutes as well.
"""
import time

from clients import AGENTS
from load import PROBE, QUIET, Audit

CLIENTS, MINUTES = 8, 10


def measure(bench, scenario, elsewhere):
    # The two of client-go differ in nothing that is counted here.
    clients = [client for client in bench.clients if client.name != 'client-go-tuned']
    watchers = []
    for client in clients:
        for _ in range(CLIENTS):
            watcher = client.start(service=PROBE, namespace=QUIET, interval_us=100000)
            watcher.ask(f'probe {PROBE}', 'probing')
            if not client.is_ours:
                watcher.ask('sync', 'synced')
            watchers.append((client, watcher))
    time.sleep(10)
    audit, minutes = Audit(bench.case.bed), 1 if bench.quick else MINUTES
    for _ in range(2 * minutes):
        if elsewhere:
            bench.load.register()
        time.sleep(30)
    for client in clients:
        asked = audit.requests(AGENTS[client.name])
        each = 10 / minutes / CLIENTS
        bench.emit(client.name, scenario, 'requests_in_10_minutes', len(asked) * each, '')
        bench.emit(client.name, scenario, 'lists_in_10_minutes',
                   sum(verb == 'list' for verb, _ in asked) * each, '')
    for client, watcher in watchers:
        client.stop(watcher)


def idle(bench, scenario):
    measure(bench, scenario, True)


def quiet(bench, scenario):
    measure(bench, scenario, False)
