# SPDX-License-Identifier: Apache-2.0
"""Pods that a real kube-controller-manager makes and ends, under load."""
from bed import wait_for
from cases_calls import calling, end_calls
from cases_manifests import apply, printed
from controller import DEPLOYMENTS, ControllerManager, Node, deployment
from harness import Skip, case, check

REPLICAS = 20


def has_rolled(t, namespace):
    status = deployment(t, namespace, 'greeter')
    return all(status.get(part, 0) == REPLICAS
               for part in ('replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas'))


@case(52, 'real-controller-rollout')
def rolled(t):
    """Twenty replicas of what micro kube prints are replaced, in steps that only it decides on."""
    if not t.long:
        raise Skip('with --long')
    t.since((1, 21), 'controllers like these are there')
    namespace = t.namespace()
    apply(t, printed(t, 'greeter', '-n', namespace, f'--replicas={REPLICAS}'))
    manager, node = ControllerManager(t.bed), Node(t, namespace)
    t.stack.callback(manager.stop)
    t.stack.callback(node.stop)
    node.start()
    wait_for(lambda: has_rolled(t, namespace), 120, f'{REPLICAS} replicas; {node.faults[:1]}')
    first = set(node.programs)
    consumer = t.consumer(t.reader(namespace), 'greeter')
    consumer.sees({f'{program.ip}:8080' for program in node.programs.values()}, 30)
    caller = calling(t, namespace)
    t.api.patch(f'{DEPLOYMENTS}/{namespace}/deployments/greeter', {'spec': {'template': {
        'metadata': {'annotations': {'rolled': 'once'}}}}})
    wait_for(lambda: has_rolled(t, namespace) and first <= set(node.ended), 240, 'the roll-out')
    now = {f'{program.ip}:8080' for name, program in node.programs.items() if name not in first}
    consumer.sees(now, 30)
    end_calls(caller, 5000)
    check(len(now) == REPLICAS, now)
    node.check()
