# SPDX-License-Identifier: Apache-2.0
"""Resource versions that are too old or too new, as the real server refuses them."""
import signal
import threading

import api
from bed import wait_for
from cases_faults import serving
from cases_watch import publish
from harness import case, check
from relay import Relay, pods

FUTURE = str(10 ** 12)


@case(18, 'list-410-mid-paging')
def gone_mid_paging(t):
    """Pages come from one version; the server has forgotten it when the second is asked for."""
    namespace = t.namespace()
    serving(t, namespace)
    addresses = pods(t, namespace, range(510))
    forgotten = []

    def forget(_, request):
        if 'continue' in request.query and not forgotten:
            forgotten.append(request)
            t.api.patch(api.pod_path(namespace, 'greeter-0'), {'metadata': {'labels': {'x': 'y'}}})
            t.bed.server.stop(signal.SIGKILL)
            t.bed.etcd.compact()
            t.bed.server.run()

    relay = Relay(t, before_list=forget, change_watch=lambda number, _: number < 2)
    consumer = relay.consumer(namespace)
    consumer.sees(addresses, 30)
    since = len(consumer.states)
    wait_for(lambda: forgotten and len(relay.watches) >= 3, 60, 'a watch after the pages')
    statuses = [status for query, status in relay.lists if 'continue' in query]
    check(statuses[:2] == [410, 200], relay.lists)
    addresses += pods(t, namespace, [510])
    consumer.sees(addresses, 30)
    consumer.keeps(addresses[:510], since - 1)


@case(19, 'list-504-rv-too-large')
def too_large(t):
    namespace = t.namespace()
    addresses = [publish(t, namespace, 1)]

    def lie(number, _, body):
        if number == 0:
            body['metadata']['resourceVersion'] = FUTURE

    relay = Relay(t, change_list=lie, change_watch=lambda number, _: number == 0)
    consumer = relay.consumer(namespace)
    consumer.sees(addresses)
    wait_for(lambda: len(relay.watches) >= 2, 60, 'a watch from a version that there is')
    check([status for _, status in relay.lists] == [200, 504, 504, 504, 200], relay.lists)
    check('resourceVersion' not in relay.lists[-1][0], f'not a quorum list: {relay.lists}')
    addresses.append(publish(t, namespace, 2))
    consumer.sees(addresses)
    consumer.keeps(addresses[:1])


@case(20, 'future-rv-200-silence')
def silence(t):
    namespace = t.namespace()
    addresses = [publish(t, namespace, 1)]

    def lie(number, _, body):
        if number == 0:
            body['metadata']['resourceVersion'] = FUTURE

    relay = Relay(t, change_list=lie)
    consumer = relay.consumer(
        namespace, **({} if t.long else {'MICRO_REGISTRY_IDLE_TIMEOUT_S': '5'}))
    consumer.sees(addresses)
    wait_for(lambda: relay.watches, 10, 'a watch')
    addresses.append(publish(t, namespace, 2))
    consumer.sees(addresses, 400 if t.long else 60)
    check(relay.watches[0][0]['resourceVersion'] == FUTURE, relay.watches)
    check(not relay.watches[0][1], f'not silent: {relay.watches[0]}')
    check('resourceVersion' not in relay.lists[-1][0], f'not a quorum list: {relay.lists}')
    consumer.keeps(addresses[:1])


@case(22, 'bookmark-only-advances-rv')
def bookmarks(t):
    """The server sends one two seconds before it ends a watch, if anything has happened elsewhere."""
    namespace, elsewhere = t.namespace(), t.namespace()
    addresses = [publish(t, namespace, 1)]

    def shorten(number, request):
        request.query['timeoutSeconds'] = '5'
        threading.Timer(1, publish, (t, elsewhere, number + 1)).start()
        return False

    relay = Relay(t, change_watch=shorten)
    consumer = relay.consumer(namespace)
    wait_for(lambda: len(relay.watches) >= 11, 120, 'ten watches')
    addresses.append(publish(t, namespace, 2))
    consumer.sees(addresses)
    check(len(relay.lists) == 1, f'listed again: {relay.lists}')
    ended = relay.watches[:10]
    check(all(set(seen) == {'BOOKMARK'} for _, seen in ended), relay.watches)
    versions = [int(asked['resourceVersion']) for asked, _ in relay.watches[:11]]
    check(all(one < other for one, other in zip(versions, versions[1:])), versions)
