# SPDX-License-Identifier: Apache-2.0
"""Calls that go on, whatever becomes of the API server or of the pods: none may fail."""
import signal
import time

import api
from cases_faults import serving
from cases_register import registered, serve
from harness import Program, case, check


def calling(t, namespace, interval_us=500):
    """A client that calls, with this long between two calls, until end_calls()."""
    program = t.start(Program, 'consumer', t.reader(namespace), 'greeter', '--call=Say.Hello',
                      f'--interval={interval_us}')
    time.sleep(0.5)
    return program


def end_calls(caller, at_least):
    caller.child.stdin.close()
    said = caller.says('^([0-9]+) calls, ([0-9]+) failed')
    print(f'        {said[0]}')
    check(said[2] == '0', caller.output())
    check(int(said[1]) >= at_least, said[0])


def replicas(t, namespace, numbers):
    """Greeters in pods of their own, all registered; (pod, program) of each."""
    account = api.make_account(t.api, namespace, t.unique('service'), api.REGISTRAR)
    made = [serve(t, namespace, f'greeter-{number}', f'10.250.1.{number}', account=account)
            for number in numbers]
    for number in numbers:
        registered(t, namespace, f'greeter-{number}')
    return made


@case(53, 'sigterm-drain-under-load')
def drained(t):
    """Ten times the oldest pod is replaced, as a roll-out does it."""
    namespace = t.namespace()
    old = replicas(t, namespace, range(1, 4))
    caller = calling(t, namespace)
    for number in range(11, 21):
        pod, program = old.pop(0)
        old += replicas(t, namespace, [number])
        t.api.delete(api.pod_path(namespace, pod['metadata']['name']), grace=30)
        check(program.stop() == 0, program.output())
        t.api.delete(api.pod_path(namespace, pod['metadata']['name']))
    end_calls(caller, 5000)


@case(62, 'calls-go-on-without-the-api-server')
def calls_go_on(t):
    namespace = t.namespace()
    serving(t, namespace)
    replicas(t, namespace, (1, 2))
    caller = calling(t, namespace)
    t.bed.server.stop(signal.SIGKILL)
    time.sleep(300 if t.long else 30)
    t.bed.server.run()
    consumer = t.consumer(t.reader(namespace), 'greeter')
    _, third = serve(t, namespace, 'greeter-3', '10.250.1.3')
    registered(t, namespace, 'greeter-3')
    consumer.sees(consumer.addresses() | {third.address}, 20)
    end_calls(caller, 5000)
