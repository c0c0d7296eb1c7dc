# SPDX-License-Identifier: Apache-2.0
"""What a real API server has answered, as it was recorded, byte for byte: each with the number of
the case that makes a real one answer so."""
import json
import os
import time

import fake
from bed import wait_for
from cases_own_pod import Pod
from cases_register import KEY
from cases_wire import answer, greeter, quiet, script, start
from fake import pod_list, recorded
from harness import case, check


def replay(name):
    """The recorded answer, whatever is asked."""
    status, headers, body = recorded(name)
    kept = {key.replace('-', '_'): value for key, value in headers.items()
            if key.lower() == 'retry-after'}

    def reply(request, connection):
        connection.reply(status, body, headers.get('content-type', 'application/json'), **kept)
    return reply


def nodes_of(items):
    """Of the service greeter, in recorded pods."""
    found = set()
    for item in items:
        text = item['metadata'].get('annotations', {}).get(KEY)
        if text and 'micro.mu/selector-greeter' in item['metadata']['labels']:
            found |= {node['address'] for node in json.loads(text).get('nodes') or ()}
    return found


@case(4, 'register-wrong-uid-422-recorded', cluster=False)
def wrong_uid(t):
    def refuse(pod, connection, body):
        replay('06-patch-merge-uid-mismatch-422')(None, connection)
    pod = Pod(t, refuse)
    pod.greeter.says('is another one than ours', 15)
    time.sleep(3)  # long enough for a storm
    check(pod.n <= 2, f'{pod.n} patches')
    check(pod.greeter.child.poll() is None, pod.greeter.output())


@case(4, 'register-pod-that-is-gone-404-recorded', cluster=False)
def gone_pod(t):
    def refuse(pod, connection, body):
        replay('12-patch-404')(None, connection)
    pod = Pod(t, refuse)
    wait_for(lambda: pod.n, 15, 'a patch')
    time.sleep(3)
    check(pod.n <= 2, f'{pod.n} patches')
    check(pod.greeter.child.poll() is None, pod.greeter.output())


@case(7, 'list-403-recorded', cluster=False)
def forbidden(t):
    server, consumer = start(t, script([replay('21-403-list')], [quiet]))
    wait_for(lambda: consumer.now(), 20, 'what it says')
    check('may not list and watch pods' in str(consumer.now()), consumer.now())
    time.sleep(2)
    check(len(server.lists()) <= 4, server.lists())


@case(18, 'too-large-then-pages-then-410-recorded', cluster=False)
def pages(t):
    """504s lead to a quorum list, whose pages expire time and again, until one is without pages."""
    whole = json.loads(recorded('31-list-rv0')[2])
    first, second = ('32-list-limit-2-page1', '33-list-limit-2-page2')
    more = json.loads(recorded(first)[2])['metadata']['continue']

    def listed(request, connection):
        if request.query.get('resourceVersion') == '0':
            replay('35-list-rv-too-large-504')(request, connection)
        elif 'continue' not in request.query:
            paged = 'limit' in request.query
            (replay(first) if paged else answer(whole))(request, connection)
        elif request.query['continue'] == more:
            replay(second)(request, connection)
        else:
            replay('74-list-410-expired-continue')(request, connection)
    server, consumer = start(t, script([listed], [quiet]), MICRO_REGISTRY_TIMEOUT_MS='60000')
    consumer.sees(nodes_of(whole['items']), 60)
    check(len(consumer.states) == 1, consumer.states)
    asked = [(request.query.get('resourceVersion'), request.query.get('limit'),
              request.query.get('continue') is not None) for request in server.lists()]
    pages_ = [(None, '500', False), (None, '500', True), (None, '500', True)]
    check(asked == [('0', None, False)] * 3 + pages_ * 3 + [(None, None, False)], asked)
    gaps = [two.when - one.when for one, two in zip(server.lists()[:3], server.lists()[1:4])]
    check(min(gaps) >= 0.95, f'Retry-After was a second: {gaps}')


@case(36, '429-text-plain-recorded', cluster=False)
def too_many(t):
    with open(os.path.join(fake.CAPTURES, '7c-429.txt'), encoding='utf-8') as file:
        text = file.read()
    check('retry-after: 1 ' in text and 'text/plain' in text, text)
    body = text[text.index('Too many requests'):].strip()

    def refuse(request, connection):
        connection.reply(429, body + '\n', 'text/plain; charset=utf-8', Retry_After='1')
    listed = pod_list(5, greeter(1, 5))
    server, consumer = start(t, script([refuse, refuse, answer(listed)], [refuse, quiet]))
    consumer.sees(['10.250.3.1:9000'], 30)
    wait_for(lambda: len(server.watches()) > 1, 30, 'another watch')
    for asked in (server.lists(), server.watches()):
        for one, two in zip(asked, asked[1:]):
            check(two.when - one.when >= 0.95, f'{asked}: after {two.when - one.when} s')
    check(len(server.lists()) == 3, server.lists())


@case(37, 'chunks-of-http-1.1-recorded', cluster=False)
def chunks(t):
    """Not only what they hold: their own bytes, cut so that they never end where a chunk does."""
    with open(os.path.join(fake.CAPTURES, '41-watch-http11-chunked.txt'), encoding='utf-8') as file:
        text = file.read()
    raw = text[text.index('\n< \n') + 4:text.index('* Connection #0')]
    raw = raw[:raw.rindex('0\n') + 2] + '\n'
    lines, raw = raw.split('\n'), b''
    for line in lines[:-1]:  # a line of JSON ends in a bare LF, which is of the chunk, and then CRLF
        raw += line.encode() + (b'\n' if line.startswith('{') else b'\r\n')

    def watch(request, connection):
        connection.raw('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
                       'Transfer-Encoding: chunked\r\n\r\n')
        for at in range(0, len(raw), 1013):
            connection.raw(raw[at:at + 1013])
            time.sleep(0.01)
    whole = recorded('31-list-rv0')[2]
    server, consumer = start(t, script([answer(whole)], [watch, quiet]))
    consumer.sees(nodes_of(json.loads(whole)['items']))
    wait_for(lambda: len(server.watches()) > 1, 20, 'the next watch')
    check(server.watches()[1].query['resourceVersion'] == '222', server.watches())
    check(len(server.lists()) == 1, server.lists())
    check(any('10.1.0.4:9090' in state for _, state in consumer.states), consumer.states)
