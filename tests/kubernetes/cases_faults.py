# SPDX-License-Identifier: Apache-2.0
"""The API server stops, stalls, refuses and comes back: nothing that was known is lost."""
import contextlib
import json
import signal
import statistics
import subprocess
import time

import api
from bed import Server, free_port, wait_for
from cases_watch import audit_length, publish, requests, watched
from harness import case, check
from tap import Tap


def serving(t, namespace, *options):
    """Puts the server back as it was, whatever the case did to it."""
    def again():
        t.bed.server.send(signal.SIGCONT)
        t.bed.server.stop(signal.SIGKILL)
        if t.bed.etcd.pid() is None:
            t.bed.etcd.run()
        t.bed.server.run()
    t.stack.callback(again)


@case(30, 'apiserver-sigkill-restart')
def killed(t):
    namespace = t.namespace()
    serving(t, namespace)
    consumer, addresses = watched(t, namespace)
    t.bed.server.stop(signal.SIGKILL)
    time.sleep(300 if t.long else 5)
    t.bed.server.run()
    begin = time.monotonic()
    addresses.append(publish(t, namespace, 3))
    consumer.sees(addresses, 150)
    consumer.keeps(addresses[:2])
    took = time.monotonic() - begin
    print(f'        all was known {took:.2f} s after the server was ready')
    check(took < 40, f'{took:.1f} s')


@case(31, 'apiserver-sigterm-drain-two-servers')
def two_servers(t):
    namespace = t.namespace()
    serving(t, namespace)
    second = Server(t.bed, 'second', free_port())
    second.run()
    t.stack.callback(second.stop, signal.SIGKILL)
    account = api.make_account(t.api, namespace, 'reader', api.WATCHER)
    token = t.write('token', api.make_token(t.api, namespace, account))
    environment = t.environment(MICRO_REGISTRY_ADDRESS=f'{t.bed.server.url},{second.url}',
                                MICRO_REGISTRY_NAMESPACE=namespace,
                                MICRO_REGISTRY_CA_FILE=t.bed.ca_file,
                                MICRO_REGISTRY_TOKEN_FILE=token)
    addresses = [publish(t, namespace, 1)]
    consumer = t.consumer(environment, 'greeter')
    consumer.sees(addresses)
    t.bed.server.send(signal.SIGTERM)
    t.api = t.bed.admin(second)
    for number in range(2, 7):
        addresses.append(publish(t, namespace, number))
        time.sleep(0.3)
    consumer.sees(addresses, 150)
    consumer.keeps(addresses[:1])


@case(32, 'apiserver-sigstop-silent')
def silent(t):
    namespace = t.namespace()
    serving(t, namespace)
    addresses = [publish(t, namespace, 1)]
    environment = t.reader(namespace)
    if not t.long:
        environment['MICRO_REGISTRY_IDLE_TIMEOUT_S'] = '10'
    consumer = t.consumer(environment, 'greeter')
    consumer.sees(addresses)
    t.bed.server.send(signal.SIGSTOP)
    time.sleep(190 if t.long else 15)
    second = Server(t.bed, 'second', free_port())
    second.run()
    t.stack.callback(second.stop, signal.SIGKILL)
    t.api = t.bed.admin(second)
    addresses.append(publish(t, namespace, 2))
    t.bed.server.send(signal.SIGCONT)
    consumer.sees(addresses, 90)
    consumer.keeps(addresses[:1])


def drop(change, port):
    """Adds (-A) or ends (-D) that what goes to a port or comes from it is lost, and nobody told."""
    for side in ('--dport', '--sport'):
        subprocess.run(['iptables', '-w', change, 'INPUT', '-p', 'tcp', side, str(port), '-j', 'DROP'],
                       check=True, capture_output=True)


def connected(port):
    """How many connections lead to a port, for all that their clients know."""
    with open('/proc/self/net/tcp', encoding='ascii') as file:
        return sum(line.split()[2].endswith(f':{port:04X}') and line.split()[3] == '01'
                   for line in list(file)[1:])


@case(33, 'half-open-tcp-drop')
def half_open(t):
    """Keep-alive finds out in 35 s; else only the idle limit would, in 180."""
    namespace = t.namespace()
    tap = Tap(t.bed.server.port)
    t.stack.callback(tap.stop)
    addresses = [publish(t, namespace, 1)]
    consumer = t.consumer(t.reader(namespace, server=f'https://127.0.0.1:{tap.address}'), 'greeter')
    consumer.sees(addresses)
    check(connected(tap.address) > 0, 'no connection to be lost')
    drop('-A', tap.address)
    with contextlib.ExitStack() as lost:
        lost.callback(drop, '-D', tap.address)
        wait_for(lambda: connected(tap.address) == 0, 45, 'a client that lets go of the connection')
        addresses.append(publish(t, namespace, 2))
    consumer.sees(addresses, 100)
    consumer.keeps(addresses[:1])


@case(34, 'connection-refused-keeps-rv')
def refused(t):
    """Nobody listens for a while: the watch goes on from where it was, and nothing is listed again."""
    namespace = t.namespace()
    tap = Tap(t.bed.server.port)
    t.stack.callback(tap.stop)
    addresses = [publish(t, namespace, number) for number in (1, 2)]
    consumer = t.consumer(t.reader(namespace, server=f'https://127.0.0.1:{tap.address}'), 'greeter')
    consumer.sees(addresses)
    begin = audit_length(t)
    tap.stop()
    api.set_status(t.api, namespace, 'greeter-1', ready=False)
    time.sleep(3)
    consumer.keeps(addresses)
    tap.start()
    consumer.sees(addresses[1:], 150)
    check(('list', 'pods') not in requests(t, namespace, begin), requests(t, namespace, begin))


@case(35, 'herd-200-clients-restart')
def herd(t):
    n = 200 if t.long else 40
    namespace = t.namespace()
    serving(t, namespace)
    addresses = [publish(t, namespace, 1)]
    environment = t.reader(namespace)
    crowd = [t.consumer(environment, 'greeter', '--interval=20000') for _ in range(n)]
    for consumer in crowd:
        consumer.sees(addresses, 120)
    t.bed.server.stop(signal.SIGKILL)
    time.sleep(2)
    begin = audit_length(t)
    t.bed.server.run()
    ready = time.monotonic()
    addresses.append(publish(t, namespace, 2))
    for consumer in crowd:
        consumer.sees(addresses, 90)
    late = sorted(next(when for when, state in consumer.states if len(state) == 2) - ready
                  for consumer in crowd)
    for consumer in crowd:
        consumer.keeps(addresses[:1])
    asked = requests(t, namespace, begin)
    print(f'        {n} clients knew after p50 {statistics.median(late):.2f} s, '
          f'p99 {late[int(n * 0.99)]:.2f} s with {len(asked)} requests')
    check(late[int(n * 0.99)] <= 35, late)
    check(len(asked) <= 4 * n, len(asked))


def statuses(t, namespace, since):
    """Of what was answered in this namespace."""
    with open(t.bed.path('audit.log'), encoding='utf-8') as file:
        entries = [json.loads(line) for line in list(file)[since:]]
    return [entry['responseStatus']['code'] for entry in entries
            if (entry.get('objectRef') or {}).get('namespace') == namespace
            and entry['stage'] == 'ResponseComplete']


@case(36, '429-text-plain-retry-after')
def too_many(t):
    namespace = t.namespace()
    serving(t, namespace)
    addresses = [publish(t, namespace, 1)]
    environments = [t.reader(namespace) for _ in range(4)]
    t.bed.server.stop()
    t.bed.server.run('--enable-priority-and-fairness=false', '--max-requests-inflight=1',
                     '--max-mutating-requests-inflight=1')
    begin = audit_length(t)
    crowd = [t.consumer(environments[i % 4], 'greeter') for i in range(24)]
    for consumer in crowd:
        consumer.sees(addresses, 150)
    states = [state for consumer in crowd for _, state in consumer.states]
    check(not any('JSON' in str(state) or 'parse' in str(state) for state in states), states)
    codes = statuses(t, namespace, begin)
    print(f'        {codes.count(429)} of {len(codes)} requests were too many')
    check(codes.count(429) > 0, 'nobody was refused')


@case(61, 'etcd-gone-for-a-while')
def etcd_gone(t):
    namespace = t.namespace()
    serving(t, namespace)
    consumer, addresses = watched(t, namespace)
    t.bed.etcd.stop(signal.SIGKILL)
    time.sleep(8)
    t.bed.etcd.run()
    wait_for(lambda: publish_quietly(t, namespace, addresses), 60, 'a pod')
    consumer.sees(addresses, 150)
    consumer.keeps(addresses[:2])


def publish_quietly(t, namespace, addresses):
    with contextlib.suppress(api.ApiError):
        addresses.append(publish(t, namespace, 3))
        return True
    with contextlib.suppress(api.ApiError):
        t.api.delete(api.pod_path(namespace, 'greeter-3'))
    return False
