# SPDX-License-Identifier: Apache-2.0
"""Faults at random, and calls throughout: afterwards every cache equals a fresh quorum list.

MICRO_SOAK_SECONDS (120; with --long 600) says for how long, MICRO_SOAK_SEED what comes when.
"""
import contextlib
import json
import os
import random
import signal
import time

import api
from bed import wait_for
from cases_calls import calling, end_calls, replicas
from cases_faults import serving
from cases_initial import STREAM
from cases_register import annotations, labels, registered
from harness import case, check
from tap import Tap

QUIET = 120  # seconds; who was refused many times in a row asks again only after up to 60
MOST_PODS, MOST_SLICES = 12, 4
FEW_FDS, FEW_BYTES = 8, 6 << 20


class Cluster:
    """Pods of the service other and slices of the service web, which come, change and go.

    The first pod and the first endpoint stay as they are: nobody may ever miss them.
    """

    def __init__(self, t, namespace, chance):
        self.t, self.namespace, self.chance = t, namespace, chance
        self.pods, self.slices, self.last = [], [], 0
        self.add_pod()
        self.add_slice()
        self.steady = {'other': list(self.truth_of_pods('other')), 'web': list(self.truth_of_slices())}

    def change(self):
        """One thing; a server that is just going away may refuse it."""
        changes = [self.add_pod] * (len(self.pods) < MOST_PODS)
        changes += [self.add_slice] * (len(self.slices) < MOST_SLICES)
        changes += [self.flip, self.move, self.leave, self.remove_pod] * (len(self.pods) > 1)
        changes += [self.fill, self.remove_slice] * (len(self.slices) > 1)
        with contextlib.suppress(api.ApiError, OSError):
            self.chance.choice(changes)()

    def pick(self, names):
        return self.chance.choice(names[1:])

    def add_pod(self):
        self.last += 1
        name, ip = f'other-{self.last}', f'10.250.{2 + self.last // 200}.{self.last % 200 + 1}'
        self.pods.append(name)
        self.t.pod(self.namespace, name, ips=(ip,),
                   **api.published(api.record('other', f'{ip}:9000', node=name)))

    def flip(self):
        api.set_status(self.t.api, self.namespace, self.pick(self.pods),
                       ready=self.chance.choice([True, True, False, None]))

    def move(self):
        """To another port."""
        path = api.pod_path(self.namespace, self.pick(self.pods))
        ip = self.t.api.get(path)['status']['podIP']
        entry = api.record('other', f'{ip}:{self.chance.randrange(9000, 9100)}')
        self.t.api.patch(path, {'metadata': api.published(entry)})

    def leave(self):
        """It is a pod still, and no service; or one again."""
        self.t.api.patch(api.pod_path(self.namespace, self.pick(self.pods)), {'metadata': {
            'labels': {'micro.mu/selector-other': self.chance.choice([None, 'service'])}}})

    def remove_pod(self):
        """Or only asks it to end; then it goes another time."""
        name = self.pick(self.pods)
        grace = self.chance.choice([0, 0, 30])
        self.t.api.delete(api.pod_path(self.namespace, name), grace)
        if grace == 0:
            self.pods.remove(name)

    def endpoints(self):
        return [api.endpoint(f'10.251.0.{self.chance.randrange(2, 250)}',
                             ready=self.chance.choice([True, True, None, False]))
                for _ in range(self.chance.randrange(6))]

    def add_slice(self):
        self.last += 1
        name = f'web-{self.last}'
        self.slices.append(name)
        api.make_slice(self.t.api, self.namespace, name, 'web',
                       self.endpoints() if len(self.slices) > 1 else [api.endpoint('10.251.0.1')])

    def fill(self):
        self.t.api.patch(api.slice_path(self.namespace, self.pick(self.slices)),
                         {'endpoints': self.endpoints()})

    def remove_slice(self):
        name = self.pick(self.slices)
        self.t.api.delete(api.slice_path(self.namespace, name))
        self.slices.remove(name)

    def truth_of_pods(self, service):
        """What the quorum says: a list that names no version."""
        found = set()
        for pod in self.t.api.get(f'/api/v1/namespaces/{self.namespace}/pods')['items']:
            meta, status = pod['metadata'], pod.get('status', {})
            ready = any(entry['type'] == 'Ready' and entry['status'] == 'True'
                        for entry in status.get('conditions') or [])
            text = (meta.get('annotations') or {}).get(f'micro.mu/service-{service}')
            if (ready and text and 'deletionTimestamp' not in meta and status['phase'] == 'Running'
                    and f'micro.mu/selector-{service}' in meta.get('labels', {})):
                found |= {node['address'] for node in json.loads(text)['nodes']}
        return found

    def truth_of_slices(self):
        items = self.t.api.get(f'{api.SLICES}/namespaces/{self.namespace}/endpointslices')['items']
        return {f'{address}:8080' for item in items for end in item['endpoints'] or []
                if end['conditions'].get('ready') is not False for address in end['addresses']}

    def truth(self, service):
        return self.truth_of_slices() if service == 'web' else self.truth_of_pods(service)


class Faults:
    """Each is on while its context lasts; what it yields says whether the server can be asked."""

    def __init__(self, t, namespace, chance):
        self.t, self.namespace, self.chance = t, namespace, chance
        self.account = api.make_account(t.api, namespace, 'reader', api.WATCHER + api.ENDPOINTS)
        self.token_file = t.path('token')
        self.write_token(self.fresh_token())
        self.tap = Tap(t.bed.server.port)
        t.stack.callback(self.tap.stop)
        self.kinds = [self.killed, self.killed, self.stopped_well, self.silent, self.etcd_killed,
                      self.compacted, self.cut, self.refused, self.rotated, self.no_token,
                      self.no_right, self.wiped]

    def fresh_token(self):
        return api.make_token(self.t.api, self.namespace, self.account)

    def write_token(self, text):
        with open(self.token_file + '.new', 'w', encoding='ascii') as file:
            file.write(text)
        os.rename(self.token_file + '.new', self.token_file)

    def a_while(self):
        time.sleep(self.chance.uniform(0.2, 4))

    @contextlib.contextmanager
    def ended(self, number):
        self.t.bed.server.stop(number)
        self.a_while()
        yield False
        self.t.bed.server.run()

    def killed(self):
        return self.ended(signal.SIGKILL)

    def stopped_well(self):
        return self.ended(signal.SIGTERM)

    @contextlib.contextmanager
    def silent(self):
        self.t.bed.server.send(signal.SIGSTOP)
        self.a_while()
        yield False
        self.t.bed.server.send(signal.SIGCONT)

    @contextlib.contextmanager
    def etcd_killed(self):
        self.t.bed.etcd.stop(signal.SIGKILL)
        self.a_while()
        yield False
        self.t.bed.etcd.run()
        self.t.bed.server.wait_ready()

    @contextlib.contextmanager
    def compacted(self):
        self.t.bed.etcd.compact()
        yield True

    @contextlib.contextmanager
    def cut(self):
        self.tap.stop()
        self.tap.start()
        yield True

    @contextlib.contextmanager
    def refused(self):
        self.tap.stop()
        yield True
        self.a_while()
        self.tap.start()

    @contextlib.contextmanager
    def rotated(self):
        self.write_token(self.fresh_token())
        yield True

    @contextlib.contextmanager
    def no_token(self):
        """What is in the file is none, and whoever asks anew has to show it."""
        self.write_token(self.chance.choice(['', 'nonsense']))
        self.tap.stop()
        self.tap.start()
        yield True
        self.write_token(self.fresh_token())

    @contextlib.contextmanager
    def no_right(self):
        api.revoke(self.t.api, self.namespace, self.account)
        self.tap.stop()
        self.tap.start()
        yield True
        api.grant(self.t.api, self.namespace, self.account, api.WATCHER + api.ENDPOINTS)

    @contextlib.contextmanager
    def wiped(self):
        """Another tool takes the labels and annotations of one greeter away."""
        name = f'greeter-{self.chance.choice([1, 2])}'
        for number in (1, 2):  # the other one's must be there
            registered(self.t, self.namespace, f'greeter-{number}', 90)
        self.t.api.patch(api.pod_path(self.namespace, name), {'metadata': {
            'labels': {key: None for key in labels(self.t, self.namespace, name)},
            'annotations': {key: None for key in annotations(self.t, self.namespace, name)}}})
        yield True


class Caches:
    """Clients by every way there is, each with its service."""

    def __init__(self, t, namespace, cluster, faults):
        self.t, self.cluster = t, cluster
        tap = f'https://127.0.0.1:{faults.tap.address}'
        self.held = []
        for server, service, discovery, more in (
                (None, 'other', 'pods', {}), (tap, 'other', 'pods', {}), (tap, 'greeter', 'pods', {}),
                (None, 'web', 'endpoints', {}), (tap, 'web', 'endpoints', {}),
                (tap, 'other', 'both', {}), (tap, 'other', 'both', STREAM)):
            environment = t.environment(
                KUBECONFIG=t.kubeconfig(token_file=faults.token_file, namespace=namespace, server=server),
                MICRO_REGISTRY_DISCOVERY=discovery, MICRO_REGISTRY_IDLE_TIMEOUT_S='15', **more)
            self.held.append((service, t.consumer(environment, service, '--interval=10000')))
        self.compare()
        self.before = [self.holds(consumer) for _, consumer in self.held]

    def compare(self):
        """Each equals what the quorum says, and had at all times what was there at all times."""
        begin = time.monotonic()
        for service, consumer in self.held:
            consumer.sees(self.cluster.truth(service), QUIET)
        for service, consumer in self.held:
            first = next(i for i, (_, state) in enumerate(consumer.states) if isinstance(state, dict))
            consumer.keeps(self.cluster.steady.get(service, []), first)
        return time.monotonic() - begin

    @staticmethod
    def holds(consumer):
        """(open files, resident bytes)"""
        folder = f'/proc/{consumer.child.pid}'
        with open(f'{folder}/statm', encoding='ascii') as file:
            pages = int(file.read().split()[1])
        return len(os.listdir(f'{folder}/fd')), pages * os.sysconf('SC_PAGE_SIZE')

    def check_held(self):
        """Nothing was left open, or kept, of what was lost again and again."""
        for (service, consumer), (fds, size) in zip(self.held, self.before):
            fds_now, size_now = self.holds(consumer)
            check(fds_now <= fds + FEW_FDS, f'{service}: {fds} open files became {fds_now}')
            check(size_now <= size + FEW_BYTES, f'{service}: {size} bytes became {size_now}')


@case(170, 'faults-at-random')
def soak(t):
    seconds = int(os.environ.get('MICRO_SOAK_SECONDS', 600 if t.long else 120))
    seed = int(os.environ.get('MICRO_SOAK_SEED', time.time_ns() % 1000000))
    print(f'        MICRO_SOAK_SECONDS={seconds} MICRO_SOAK_SEED={seed}', flush=True)
    chance = random.Random(seed)
    namespace = t.namespace()
    serving(t, namespace)
    replicas(t, namespace, (1, 2))
    cluster, faults = Cluster(t, namespace, chance), Faults(t, namespace, chance)
    caches = Caches(t, namespace, cluster, faults)
    caller = calling(t, namespace, interval_us=5000)
    had, longest, end = [], 0, time.monotonic() + seconds
    while time.monotonic() < end:
        kind = chance.choice(faults.kinds)
        had.append(kind.__name__)
        with kind() as reachable:
            for _ in range(chance.randrange(10) if reachable else 0):
                cluster.change()
                time.sleep(chance.uniform(0, 0.3))
        for _ in range(chance.randrange(10)):
            cluster.change()
            time.sleep(chance.uniform(0, 0.3))
        if chance.random() < 0.1:
            longest = max(longest, caches.compare())
    for number in (1, 2):
        registered(t, namespace, f'greeter-{number}', 90)
    longest = max(longest, caches.compare())
    caches.check_held()
    end_calls(caller, seconds * 20)
    print(f'        {len(had)} faults ({len(set(had))} of {len(set(faults.kinds))} kinds); '
          f'all was known at most {longest:.1f} s after the last')
