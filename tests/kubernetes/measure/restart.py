# SPDX-License-Identifier: Apache-2.0
"""The API server is killed and comes back, and 200 clients with it.

Ours are processes of their own.  Those of client-go are 50 to a process, each with a connection of
its own.  Each watches one service.  A pod of it changes as soon as the server says that it is ready;
a client is back when it has seen that.
"""
import collections
import signal
import time

from clients import AGENTS
from latency import percentile
from load import PROBE, Audit

CLIENTS, IN_A_PROCESS = 200, 50


def start(client, n):
    watchers = []
    for _ in range(n if client.is_ours else n // IN_A_PROCESS):
        if client.is_ours:
            watchers.append(client.start(service=PROBE, interval_us=20000))
        else:
            watchers.append(client.start(service=PROBE, clients=IN_A_PROCESS))
    for watcher in watchers:
        watcher.ask(f'probe {PROBE}', 'probing')
        if not client.is_ours:
            watcher.ask('sync', 'synced')
    while sum(len({number for *_, number in watcher.seen}) for watcher in watchers) < n:
        time.sleep(0.1)
    return watchers


def first_seen(watcher, state):
    """Client → when."""
    found = {}
    for seen, when, number in list(watcher.seen):
        if seen == state:
            found.setdefault(number, when)
    return found


def once(bench, client, n, outage):
    """Seconds from ready to known, of each; what was asked."""
    watchers = start(client, n)
    time.sleep(5)
    server = bench.case.bed.server
    server.stop(signal.SIGKILL)
    time.sleep(outage)
    audit = Audit(bench.case.bed)
    server.run(ready=False)
    server.wait_ready(300)
    ready = time.monotonic()
    state, _ = bench.load.register()
    end = time.monotonic() + 150
    while sum(len(first_seen(watcher, state)) for watcher in watchers) < n:
        if time.monotonic() > end:
            raise SystemExit(f'{client.name}: not all know {state} after 150 s')
        time.sleep(0.1)
    took = [when - ready for watcher in watchers for when in first_seen(watcher, state).values()]
    for watcher in watchers:
        client.stop(watcher)
    return took, audit.requests(AGENTS[client.name])


def restart(bench, scenario, outage, runs):
    n = bench.some(CLIENTS) // IN_A_PROCESS * IN_A_PROCESS or IN_A_PROCESS
    for client in bench.clients:
        if client.name == 'client-go-tuned':  # comes back as the other does
            continue
        took, most, lists, asked = [], 0, [], []
        for _ in range(runs):
            times, requests = once(bench, client, n, outage)
            seconds = collections.Counter(when[:19] for _, when in requests)
            took += times
            most = max([most, *seconds.values()])
            lists.append(sum(verb == 'list' for verb, _ in requests))
            asked.append(len(requests))
        for percent in (50, 99):
            bench.emit(client.name, scenario, f'p{percent}_s', percentile(took, percent), 's')
        bench.emit(client.name, scenario, 'most_requests_in_a_second', most, '')
        bench.emit(client.name, scenario, 'requests_per_client', sum(asked) / runs / n, '')
        bench.emit(client.name, scenario, 'lists', max(lists), '')


def short(bench, scenario):
    restart(bench, scenario, 0, bench.runs)


def long(bench, scenario):
    restart(bench, scenario, 30, 1)
