# SPDX-License-Identifier: Apache-2.0
"""Settings from a ConfigMap that the registry reads through the API server."""
import base64

from bed import wait_for
from harness import case, check
from tap import Tap

READER = [{'apiGroups': [''], 'resources': ['configmaps'], 'verbs': ['list', 'watch']}]
WARNED = 'settings: '


def path(namespace, name=''):
    return f'/api/v1/namespaces/{namespace}/configmaps/{name}'


def make(t, namespace, name, data, **more):
    t.api.post(path(namespace), {'metadata': {'name': name}, 'data': data, **more})


def watch(t, namespace, name, setting, rules=None, **config):
    return t.consumer(t.reader(namespace, READER if rules is None else rules, **config), 'none',
                      f'--config-map={name}', f'--setting={setting}')


def becomes(consumer, state, seconds=20):
    try:
        wait_for(lambda: consumer.now() == state, seconds, 'the setting')
    except TimeoutError:
        raise AssertionError(f'{consumer.now()}, not {state}: {consumer.output()[-2000:]}') from None


@case(160, 'config-map-read-and-followed')
def followed(t):
    namespace = t.namespace()
    make(t, namespace, 'other', {'mongodb': 'host=wrong\n'})
    make(t, namespace, 'micro', {'mongodb': 'host=one\nport=27017\n'},
         binaryData={'blob': base64.b64encode(b'\xff\0').decode()})
    consumer = watch(t, namespace, 'micro', 'mongodb.host')
    becomes(consumer, {'mongodb.host': 'one'})
    check(len(consumer.states) == 1, f'it began without: {consumer.states}')
    # Half of a change is never seen, and nothing but the change.
    t.api.patch(path(namespace, 'micro'), {'data': {'mongodb': 'host=two\n'}})
    becomes(consumer, {'mongodb.host': 'two'})
    # One that is deleted stays as it was, and that is said.
    t.api.delete(path(namespace, 'micro'))
    wait_for(lambda: f'in the namespace {namespace}; what was read before stays' in consumer.output(),
             20, 'the warning')
    check(consumer.now() == {'mongodb.host': 'two'}, consumer.now())
    make(t, namespace, 'micro', {'mongodb': 'host=three\n'})
    becomes(consumer, {'mongodb.host': 'three'})


@case(161, 'config-map-that-is-no-text')
def binary(t):
    namespace = t.namespace()
    make(t, namespace, 'micro', {}, binaryData={'blob': base64.b64encode(b'\xff\0').decode()})
    consumer = watch(t, namespace, 'micro', 'blob')
    becomes(consumer, f'error: blob (from ConfigMap {namespace}/micro: blob) is no UTF-8 text')


@case(162, 'config-map-without-the-right')
def forbidden(t):
    namespace = t.namespace()
    make(t, namespace, 'micro', {'greeting': 'hi'})
    consumer = watch(t, namespace, 'micro', 'greeting', rules=[])
    wait_for(lambda: consumer.now() is not None, 20, 'the start without it')
    check(consumer.now() == {}, consumer.now())
    said = consumer.output()
    for word in ('may not list and watch configmaps', namespace, 'kind: Role', 'name: micro-config'):
        check(word in said, f'no “{word}” in {said}')


@case(163, 'config-map-with-the-api-server-away')
def away(t):
    namespace = t.namespace()
    make(t, namespace, 'micro', {'greeting': 'hi'})
    tap = Tap(t.bed.server.port)
    t.stack.callback(tap.stop)
    consumer = watch(t, namespace, 'micro', 'greeting', server=f'https://127.0.0.1:{tap.address}')
    becomes(consumer, {'greeting': 'hi'})
    tap.stop()
    wait_for(lambda: WARNED in consumer.output(), 30, 'the warning')
    t.api.patch(path(namespace, 'micro'), {'data': {'greeting': 'ho'}})
    check(consumer.now() == {'greeting': 'hi'}, consumer.now())
    tap.start()
    becomes(consumer, {'greeting': 'ho'}, 40)


@case(164, 'config-map-that-has-no-such-name')
def misnamed(t):
    namespace = t.namespace()
    for name, why in (('Micro!', '“Micro!” names no ConfigMap; write NAME or NAMESPACE/NAME'),
                      ('a/b/c', '“a/b/c” names no ConfigMap')):
        result = t.micro(t.reader(namespace), f'--config-map={name}', 'list')
        check(result.returncode != 0 and f'--config-map: {why}' in result.stderr, result.stderr)
    result = t.micro(t.environment(), '--registry=memory', '--config-map=micro', 'list')
    check(result.returncode != 0 and 'keeps no settings; --registry=kubernetes does' in result.stderr,
          result.stderr)
