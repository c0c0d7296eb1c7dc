# SPDX-License-Identifier: Apache-2.0
"""Lists that come as the beginning of a watch, where the server knows how: nothing of them is shown
before they are whole."""
import json
import signal
import time

from bed import STREAMS_LISTS, wait_for
from cases_faults import serving
from cases_replay import replay
from cases_watch import audit_length, publish, requests
from cases_wire import address, answer, gone, greeter, quiet, says, script, start
from fake import bookmark, event, pod_list, recorded_events
from harness import case, check

STREAM = {'MICRO_REGISTRY_STREAM_LISTS': 'true'}
MARKER = 'k8s.io/initial-events-end'


def marker(version):
    entry = bookmark(version)
    entry['object']['metadata']['annotations'] = {MARKER: 'true'}
    return entry


def initial(server):
    return [request for request in server.watches() if 'sendInitialEvents' in request.query]


@case(59, 'sendInitialEvents-of-a-real-server')
def real(t):
    """Nobody lists; or, of an old server, everybody, as it refuses to stream."""
    namespace = t.namespace()
    serving(t, namespace)
    addresses = [publish(t, namespace, number) for number in range(1, 21)]
    begin = audit_length(t)
    consumer = t.consumer(dict(t.reader(namespace), **STREAM), 'greeter')
    consumer.sees(addresses)
    addresses.append(publish(t, namespace, 21))
    consumer.sees(addresses)
    states = [state for _, state in consumer.states if isinstance(state, dict)]
    check([len(state) for state in states] == [20, 21], f'a part of it: {consumer.states}')
    streams = t.bed.release >= STREAMS_LISTS
    asked = requests(t, namespace, begin)
    check((('list', 'pods') in asked) != streams, asked)
    # Too old a version: the same again, from which only what is new is told.
    t.bed.server.stop(signal.SIGKILL)
    t.bed.etcd.compact()
    t.bed.server.run()
    begin = audit_length(t)
    addresses.append(publish(t, namespace, 22))
    consumer.sees(addresses, 150)
    states = [state for _, state in consumer.states if isinstance(state, dict)]
    check(all(set(addresses[:21]) <= set(state) for state in states[1:]), consumer.states)
    asked = requests(t, namespace, begin)
    check((('list', 'pods') in asked) != streams, asked)


@case(59, 'sendInitialEvents-422-recorded', cluster=False)
def refused(t):
    def watch(request, connection):
        if 'sendInitialEvents' in request.query:
            replay('45-watch-sendInitialEvents')(request, connection)
        else:
            (gone if len(server.watches()) == 2 else quiet)(request, connection)
    server, consumer = start(t, script([answer(pod_list(5, greeter(1, 5))),
                                        answer(pod_list(9, greeter(1, 5), greeter(2, 8)))],
                                       [watch]), **STREAM)
    consumer.sees([address(1), address(2)])
    check(len(initial(server)) == 1, server.requests)
    check(len(server.lists()) == 2, server.lists())


@case(59, 'streamed-list-recorded', cluster=False)
def streamed(t):
    """And what it went on with: another pod, and one that was deleted with time to end."""
    def goes_on(request, connection):
        says(*recorded_events('91-watch-graceful-delete'))(request, connection)
    server, consumer = start(t, script(
        [answer(pod_list(1))], [says(*recorded_events('90-watch-list'), end=True), goes_on]), **STREAM)
    consumer.sees(['10.1.0.1:9090', '10.1.0.3:9090'])
    at = [f'10.1.0.{number}:9090' for number in (1, 2, 3)]
    states = [sorted(state) for _, state in consumer.states if isinstance(state, dict)]
    check(states[0][:2] == at[:2] and states[-1] == [at[0], at[2]], consumer.states)
    check(server.watches()[1].query['resourceVersion'] == '221', server.watches())
    check(not server.lists(), server.lists())


@case(59, 'marker-that-comes', cluster=False)
def comes(t):
    """With what happened meanwhile between the first objects and it."""
    def watch(request, connection):
        connection.begin()
        for one in (event('ADDED', greeter(2, 3)), event('ADDED', greeter(1, 9)), bookmark(9),
                    event('ADDED', greeter(3, 2)), event('DELETED', greeter(3, 10)),
                    event('MODIFIED', greeter(2, 11, ready='False'))):
            connection.event(one)
        time.sleep(1)
        check(not [state for _, state in consumer.states if isinstance(state, dict)],
              f'before it was whole: {consumer.states}')
        connection.event(marker(11))
        time.sleep(1)
        connection.event(event('ADDED', greeter(4, 12)))
        connection.end()
    server, consumer = start(t, script([answer(pod_list(1))], [watch, quiet]), **STREAM)
    consumer.sees([address(1), address(4)])
    wait_for(lambda: len(server.watches()) == 2, 20, 'the next watch')
    states = [set(state) for _, state in consumer.states if isinstance(state, dict)]
    check(states == [{address(1)}, {address(1), address(4)}], consumer.states)
    check(not server.lists(), server.lists())
    check(server.watches()[1].query['resourceVersion'] == '12', server.watches())
    check('sendInitialEvents' not in server.watches()[1].query, server.watches())
    check(not server.errors, server.errors)


@case(59, 'marker-that-is-missing', cluster=False)
def missing(t):
    """What was streamed without it is forgotten, and what was known before stays."""
    def begun(*events):
        def watch(request, connection):
            connection.begin()
            for one in events:
                connection.event(one)
            connection.end()
        return watch
    server, consumer = start(t, script(
        [answer(pod_list(20, greeter(1, 5), greeter(5, 19)))],
        [begun(event('ADDED', greeter(1, 5)), marker(6), json.dumps(
            event('ERROR', {'kind': 'Status', 'status': 'Failure', 'reason': 'Expired',
                            'message': 'too old resource version: 6 (9)', 'code': 410}))),
         begun(event('ADDED', greeter(2, 8)), event('ADDED', greeter(3, 9))), quiet]), **STREAM)
    consumer.sees([address(1)])
    consumer.sees([address(1), address(5)], 30)
    states = [set(state) for _, state in consumer.states if isinstance(state, dict)]
    check(states == [{address(1)}, {address(1), address(5)}], consumer.states)
    check(len(initial(server)) == 2 and len(server.lists()) == 1, server.requests)
    check(initial(server)[1].query['resourceVersion'] == '6', server.requests)


@case(59, 'no-right-to-watch-or-to-list')
def rights(t):
    """A stream takes the right to watch alone; without that there is the list, which says so."""
    namespace = t.namespace()
    addresses = [publish(t, namespace, 1)]
    for verb, known in (('watch', t.bed.release >= STREAMS_LISTS), ('list', True)):
        rules = [{'apiGroups': [''], 'resources': ['pods'], 'verbs': [verb]}]
        consumer = t.consumer(dict(t.reader(namespace, rules), **STREAM), 'greeter')
        if known:
            consumer.sees(addresses, 20)
        else:
            wait_for(lambda c=consumer: 'may not list' in str(c.now()), 20, 'a refusal')
