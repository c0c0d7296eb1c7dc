# SPDX-License-Identifier: Apache-2.0
"""A server that answers as the real one cannot be made to, byte by byte (fake.py)."""
import itertools
import json
import time

import api
import fake
from bed import wait_for
from fake import bookmark, event, pod, pod_list, recorded, recorded_events, status
from harness import case, check


def greeter(number, version, **options):
    ip = f'10.250.3.{number}'
    return pod(f'greeter-{number}', version, api.record('greeter', f'{ip}:9000'), ip=ip, **options)


def address(number):
    return f'10.250.3.{number}:9000'


def start(t, handle, *arguments, **variables):
    """(the fake server, a consumer of “greeter” from it)."""
    server = fake.Fake(handle)
    t.stack.callback(server.stop)
    environment = t.environment(MICRO_REGISTRY_ADDRESS=server.url,
                                MICRO_REGISTRY_NAMESPACE='default', **variables)
    return server, t.consumer(environment, 'greeter', *arguments)


def script(lists, watches):
    """Answers the n-th list and the n-th watch by the n-th function, the last one for ever."""
    list_at, watch_at = itertools.count(), itertools.count()

    def handle(request, connection):
        if 'pods' not in request.path:
            connection.reply(404, status(404, 'NotFound', 'not found'))
        elif request.watch:
            watches[min(next(watch_at), len(watches) - 1)](request, connection)
        else:
            lists[min(next(list_at), len(lists) - 1)](request, connection)
    return handle


def answer(body):
    return lambda request, connection: connection.reply(200, body)


def quiet(request, connection):
    connection.begin()
    connection.hold()


def says(*events, end=False):
    def watch(request, connection):
        connection.begin()
        for one in events:
            connection.event(one)
        if end:
            connection.end()
        else:
            connection.hold()
    return watch


def gone(request, connection):
    """As recorded: 200, and the refusal as the only event."""
    connection.begin()
    connection.chunk(recorded('78-watch-410-after-restart')[2])
    connection.end()


@case(17, '410-loop-same-rv', cluster=False)
def loop_410(t):
    server, consumer = start(t, script([answer(pod_list(5, greeter(1, 5)))], [gone, gone, quiet]))
    consumer.sees([address(1)])
    wait_for(lambda: len(server.watches()) >= 3, 20, 'a third watch')
    lists = server.lists()
    check(3 <= len(lists) <= 4, lists)
    check('resourceVersion' not in lists[-1].query, f'not a quorum list: {lists}')
    consumer.keeps([address(1)])


@case(23, 'synthetic-added-random-order', cluster=False)
def random_order(t):
    """The list is what a watch goes on from, not the last of events that came in any order."""
    events = recorded_events('42-watch-rv0-synthetic-added')
    server, consumer = start(t, script([answer(pod_list(50, greeter(1, 22)))],
                                       [says(*events, end=True), quiet]))
    wait_for(lambda: len(server.watches()) > 1, 10, 'a second watch')
    consumer.keeps([address(1)])
    for watch in server.watches():
        check(watch.query.get('resourceVersion') not in (None, '', '0'), watch)
    check(server.watches()[0].query['resourceVersion'] == '50', server.watches())


@case(28, 'watch-timeoutSeconds-end', cluster=False)
def watch_ends(t):
    def ends(request, connection):
        check(300 <= int(request.query['timeoutSeconds']) <= 600, request)
        connection.begin()
        time.sleep(1.2)
        connection.event(bookmark(int(request.query['resourceVersion']) + 1))
        connection.end()
    server, consumer = start(t, script([answer(pod_list(5, greeter(1, 5)))], [ends]))
    consumer.sees([address(1)])
    wait_for(lambda: len(server.watches()) >= 4, 20, 'four watches')
    check(len(server.lists()) == 1, server.lists())
    versions = [int(watch.query['resourceVersion']) for watch in server.watches()]
    check(versions == sorted(set(versions)) and versions[0] == 5, versions)
    check(all(watch.query.get('allowWatchBookmarks') == 'true' for watch in server.watches()),
          server.watches())


@case(29, 'very-short-watch-loop', cluster=False)
def short_watches(t):
    server, consumer = start(t, script([answer(pod_list(5, greeter(1, 5)))], [says(end=True)]))
    consumer.sees([address(1)])
    begin = time.monotonic()
    seconds = 300 if t.long else 20
    time.sleep(seconds)
    n = sum(watch.when > begin for watch in server.watches())
    check(n <= (20 if t.long else 8), f'{n} watches in {seconds} s')
    check(len(server.lists()) == 1, server.lists())


@case(37, 'chunk-split-at-every-byte', cluster=False)
def split(t):
    line = json.dumps(event('ADDED', greeter(2, 6))) + '\n'
    cuts = list(range(1, len(line), max(1, len(line) // (2000 if t.long else 100))))
    rounds = iter(cuts)

    def watch(request, connection):
        cut = next(rounds, None)
        if cut is None:
            connection.begin()
            connection.hold()
            return
        connection.begin()
        connection.chunk(line[:cut])
        time.sleep(0.002)
        connection.chunk(line[cut:])
        connection.event(event('DELETED', greeter(2, 7)))
        connection.end()
    server, consumer = start(t, script([answer(pod_list(5, greeter(1, 5)))], [watch]))
    wait_for(lambda: len(server.watches()) > len(cuts), 120, 'every cut')
    consumer.sees([address(1)])
    check(len(server.lists()) == 1, server.lists())


@case(38, 'utf8-escape-CRLF-blank-lines', cluster=False)
def odd_lines(t):
    name = 'gr\\u00fc\\ud83d\\ude00\\"\\\\'
    thing = greeter(2, 6)
    thing['metadata']['annotations']['note'] = 'ü😀"\\\\ {[}]'
    text = json.dumps(event('ADDED', thing), ensure_ascii=False).replace('"spec"', '"%s": 1, "spec"' % name)
    third = json.dumps(event('ADDED', greeter(3, 7)))

    def watch(request, connection):
        connection.begin()
        data = text.encode() + b'\r\n\n \n'
        middle = data.index('😀'.encode()) + 2
        connection.chunk(data[:middle])
        time.sleep(0.05)
        connection.chunk(data[middle:] + third.encode() + b'\n' + json.dumps(
            event('ADDED', greeter(4, 8))).encode() + b'\n')
        connection.hold()
    server, consumer = start(t, script([answer(pod_list(5, greeter(1, 5)))], [watch]))
    consumer.sees([address(number) for number in (1, 2, 3, 4)])
    check(len(server.watches()) == 1, server.watches())


@case(39, 'malformed-line-NUL-64-MiB', cluster=False)
def malformed(t):
    def bad(data):
        def watch(request, connection):
            connection.begin()
            for _ in range(64 if data == b'' else 1):
                connection.chunk(data or b'{"type":"ADDED","object":{"x":"' + b'a' * 1048576)
            connection.hold(5)
        return watch
    server, consumer = start(t, script(
        [answer(pod_list(5, greeter(1, 5)))],
        [bad(b'{"type":"ADDED",,}\n'), says(event('ADDED', greeter(2, 6)), end=True),
         bad(b'{"type":"ADDED"\0,"object":{}}\n'), bad(b''),
         says(event('ADDED', greeter(3, 7)))]))
    consumer.sees([address(number) for number in (1, 2, 3)], 150)
    consumer.keeps([address(1)])
    with open(f'/proc/{consumer.child.pid}/status', encoding='ascii') as file:
        peak = int(file.read().split('VmHWM:')[1].split()[0])
    check(peak < 80000, f'{peak} KiB at its peak')


@case(40, 'truncated-list-then-EOF', cluster=False)
def truncated(t):
    whole = json.dumps(pod_list(9, greeter(2, 8), greeter(3, 9)))

    def cut(request, connection):
        connection.raw('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
                       f'Content-Length: {len(whole)}\r\n\r\n' + whole[:-len(whole) // 3])
        connection.close()
    server, consumer = start(t, script([answer(pod_list(5, greeter(1, 5))), cut, answer(whole)],
                                       [gone, quiet]))
    consumer.sees([address(1)])
    consumer.sees([address(2), address(3)], 30)
    states = [set(state) for _, state in consumer.states if isinstance(state, dict)]
    check(all(state in ({address(1)}, {address(2), address(3)}) for state in states), states)


@case(42, 'unknown-event-type-and-fields', cluster=False)
def unknown(t):
    thing = greeter(2, 6)
    thing['metadata']['fromTheFuture'] = {'list': [{'a': None}]}
    thing['status']['more'] = 1.5e300
    server, consumer = start(t, script([answer(pod_list(5, greeter(1, 5)))], [
        says({'type': 'RENAMED', 'object': greeter(1, 99)}, event('ADDED', thing), end=True), quiet]))
    consumer.sees([address(1), address(2)])
    wait_for(lambda: len(server.watches()) == 2, 20)
    check(server.watches()[1].query['resourceVersion'] == '6', server.watches())


@case(63, 'recorded-list-and-watch', cluster=False)
def replay(t):
    body = recorded('31-list-rv0')[2]
    events = recorded_events('40-watch-added-modified-deleted-by-selector')
    _, consumer = start(t, script([answer(body)], [says(*events)]))
    known = {}
    for item in json.loads(body)['items']:
        known[item['metadata']['name']] = item
    for line in map(json.loads, events):
        if line['type'] in ('ADDED', 'MODIFIED'):
            known[line['object']['metadata']['name']] = line['object']
        elif line['type'] == 'DELETED':
            known.pop(line['object']['metadata']['name'], None)
    wanted = set()
    for item in known.values():
        text = item['metadata'].get('annotations', {}).get('micro.mu/service-greeter')
        ready = any(condition['type'] == 'Ready' and condition['status'] == 'True'
                    for condition in item['status'].get('conditions', []))
        if text and ready:
            wanted |= {node['address'] for node in json.loads(text).get('nodes') or ()}
    check(wanted, 'nothing was recorded')
    consumer.sees(wanted)
