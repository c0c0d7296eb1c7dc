# SPDX-License-Identifier: Apache-2.0
"""A thousand services, ten thousand pods, hundreds of changes a second: in bounded memory."""
import json
import os
import random
import re
import subprocess
import sys
import time

import api
import bulk
from bed import die_with_us, wait_for
from cases_calls import calling, end_calls, replicas
from harness import Program, case, check

PODS, SERVICES = 10000, 1000
GROWTH_KIB, PEAK_KIB = 15 << 10, 25 << 10
SLICES_KIB = 6 << 10
DRIFT_KIB = 2 << 10


def crowd(t, **metadata):
    """A namespace with them all."""
    namespace = t.namespace()
    t.stack.callback(bulk.remove, t.bed, namespace)
    bulk.make_pods(t.bed, namespace, PODS, SERVICES, **metadata)
    return namespace


def memory_kib(pid, what='VmRSS'):
    with open(f'/proc/{pid}/status', encoding='ascii') as file:
        return int(re.search(f'{what}:\\s+([0-9]+)', file.read())[1])


def cpu_s(pid):
    with open(f'/proc/{pid}/stat', encoding='ascii') as file:
        fields = file.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


class Crowd(Program):
    """crowd.c, which answers line by line."""

    def ask(self, line, seconds=60):
        n = len(self.text)
        self.child.stdin.write(line + '\n')
        self.child.stdin.flush()
        return wait_for(lambda: self.text[n:], seconds, f'an answer to “{line}”')[0].strip()

    def get(self, service):
        return set(self.ask('get ' + service).partition(' in ')[0].split())


def watches_of(t, namespace):
    """What service accounts watch in this namespace now, by the audit log: its queries."""
    opened = {}
    with open(t.bed.path('audit.log'), encoding='utf-8') as file:
        for line in file:
            entry = json.loads(line)
            if (entry['verb'] != 'watch' or (entry.get('objectRef') or {}).get('namespace') != namespace
                    or not entry['user']['username'].startswith('system:serviceaccount:')):
                continue
            if entry['stage'] == 'ResponseStarted':
                opened[entry['auditID']] = entry['requestURI']
            elif entry['stage'] == 'ResponseComplete':
                opened.pop(entry['auditID'], None)
    return list(opened.values())


def watch_only(t, namespace, narrow):
    """For each watch that there is in the end, whether it is of one service."""
    def kinds():
        return ['selector-' in query for query in watches_of(t, namespace)]
    try:
        wait_for(lambda: kinds() == narrow, 20)
    except TimeoutError:
        raise AssertionError(f'{narrow} are wanted: {watches_of(t, namespace)}') from None


def addresses_of(number):
    """Of service number."""
    return {bulk.address_of(pod) for pod in range(number, PODS, SERVICES)}


def sync(t, environment, limits=(GROWTH_KIB, PEAK_KIB)):
    """A client lists everything; it, after what it took was printed and compared."""
    client = t.start(Crowd, 'crowd', environment)
    client.get('nobody')  # which loads everything that has nothing to do with the size
    before = memory_kib(client.child.pid)
    server = cpu_s(t.bed.server.pid())
    said = client.ask('list')
    server = cpu_s(t.bed.server.pid()) - server
    growth = memory_kib(client.child.pid) - before
    peak = memory_kib(client.child.pid, 'VmHWM') - before
    print(f'        {said}; {server:.2f} s of the API server; {before} KiB, then {growth} more, '
          f'{peak} more at the peak', flush=True)
    check(f'{SERVICES} services, {PODS} nodes ' in said, said)
    check(growth <= limits[0], f'{growth} KiB more than {before}')
    check(peak <= limits[1], f'{peak} KiB more than {before} at the peak')
    return client


@case(58, '10k-pods-list-peak-rss')
def peak(t):
    namespace = crowd(t)
    environment = t.reader(namespace)
    sync(t, environment)
    sync(t, dict(environment, MICRO_REGISTRY_STREAM_LISTS='true'))
    bulk.make_slices(t.bed, namespace, SERVICES, PODS // SERVICES)
    environment = dict(t.reader(namespace, api.ENDPOINTS), MICRO_REGISTRY_DISCOVERY='endpoints')
    sync(t, environment, (SLICES_KIB, PEAK_KIB))


@case(171, 'thousand-services-ten-thousand-pods')
def thousand(t):
    """A few services are a watch each; more, or the list of all, are one watch."""
    namespace = crowd(t)
    client = t.start(Crowd, 'crowd', t.reader(namespace))
    chance = random.Random(1)
    for number in chance.sample(range(SERVICES), 3):
        check(client.get(bulk.service_of(number)) == addresses_of(number), client.output())
    watch_only(t, namespace, [True] * 3)
    said = client.ask('list')
    check(f'{SERVICES} services, {PODS} nodes ' in said, said)
    watch_only(t, namespace, [False])
    known = chance.sample(range(SERVICES), 10)
    for number in known:
        check(client.get(bulk.service_of(number)) == addresses_of(number), client.output())
    number = chance.choice(known)
    moved = bulk.record_of(number, SERVICES)
    moved['nodes'][0]['address'] = bulk.ip_of(number) + ':9001'
    t.api.patch(api.pod_path(namespace, bulk.name_of(number)), {'metadata': api.published(moved)})
    wanted = addresses_of(number) - {bulk.address_of(number)} | {bulk.ip_of(number) + ':9001'}
    wait_for(lambda: client.get(bulk.service_of(number)) == wanted, 10, 'the change')
    watch_only(t, namespace, [False])
    # One that only looks names up, but too many for a watch each.
    other = t.start(Crowd, 'crowd', t.reader(namespace))
    for number in chance.sample(range(SERVICES), 20):
        check(len(other.get(bulk.service_of(number))) == 10, other.output())
    client.stop()
    watch_only(t, namespace, [False])
    begin = time.monotonic()
    listed = t.micro(t.reader(namespace), 'list', '-o', 'name')
    check(listed.stdout.split() == [bulk.service_of(number) for number in range(SERVICES)],
          listed.stderr + listed.stdout[:500])
    print(f'        micro list: {time.monotonic() - begin:.2f} s')


class Watcher(Program):
    """micro list --watch: what it knows of each address, and whether that ever went back."""

    def __init__(self, command, environment):
        self.known, self.last, self.n, self.back = {}, {}, 0, []
        super().__init__(command, environment)

    def heard(self, line):
        self.text.clear()
        event = json.loads(line)
        service, self.n = event['service'], self.n + 1
        nodes = self.known.setdefault(service['name'], {})
        if event['event'] == 'deleted':
            for node in service['nodes']:
                nodes.pop(node['address'], None)
            return
        # An update has all nodes that there are.
        nodes.clear()
        for node in service['nodes']:
            address, said = node['address'], int(node['metadata'].get('said', 0))
            nodes[address] = said
            if said < self.last.get(address, 0):
                self.back.append((address, self.last[address], said))
            self.last[address] = said

    def count(self):
        return sum(map(len, self.known.values()))


def storm(t, namespace, rate, seconds):
    pki = t.bed.path('pki')
    order = {'api': [t.bed.server.url, t.bed.ca_file, f'{pki}/admin.crt', f'{pki}/admin.key'],
             'etcd': t.bed.etcd.port, 'namespace': namespace, 'pods': PODS, 'services': SERVICES, 'rate': rate,
             'seconds': seconds, 'threads': 6, 'seed': time.time_ns() % 1000000}
    print(f'        seed {order["seed"]}', flush=True)
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'storm.py')
    return subprocess.Popen([sys.executable, script, json.dumps(order)], stdout=subprocess.PIPE,
                            text=True, preexec_fn=die_with_us)


@case(172, 'five-hundred-events-a-second')
def events(t):
    """100,000 with --long: afterwards the cache equals a quorum list, and nothing has grown."""
    seconds = int(os.environ.get('MICRO_STORM_SECONDS', 200 if t.long else 60))
    namespace = crowd(t, said='00000000')
    replicas(t, namespace, (1, 2))
    watcher = t.start(Watcher, 'micro', t.reader(namespace), 'list', '--watch', '-o', 'json')
    wait_for(lambda: watcher.count() == PODS + 2, 60, 'all nodes')
    caller = calling(t, namespace, interval_us=1000)
    pids = {'micro list --watch': watcher.child.pid, 'API server': t.bed.server.pid()}
    cpu, seen = {name: cpu_s(pid) for name, pid in pids.items()}, watcher.n
    before = memory_kib(watcher.child.pid)
    program = storm(t, namespace, 500, seconds)
    t.stack.callback(program.kill)
    half = None
    while program.poll() is None:
        time.sleep(0.5)
        if half is None and watcher.n > seen + 100 * seconds:
            half = memory_kib(watcher.child.pid)
    result = json.loads(program.communicate()[0])
    check(not result['faults'], result['faults'])
    truth = {service: {address: int(node['metadata'].get('said', 0))
                       for address, node in nodes.items()}
             for service, nodes in bulk.truth(t.api, namespace).items()}
    wait_for(lambda: watcher.known == truth, 30, 'what a quorum list says')
    end_calls(caller, 100 * seconds)
    check(not watcher.back, f'{len(watcher.back)} went back: {watcher.back[:5]}')
    for number, said in enumerate(result['said']):
        check(watcher.last[bulk.address_of(number)] == said, f'{bulk.name_of(number)}: {said}')
    after = memory_kib(watcher.child.pid)
    used = ', '.join(f'{name} {cpu_s(pid) - cpu[name]:.2f} s' for name, pid in pids.items())
    print(f'        {watcher.n - seen} events seen of {500 * seconds} changes in '
          f'{result["seconds"]:.1f} s, late by at most {result["late_s"]:.2f} s; CPU: {used}; '
          f'{before} KiB before, {half} when half done, {after} after')
    check(after <= max(before, half or 0) + DRIFT_KIB, f'{before}, {half}, then {after} KiB')
