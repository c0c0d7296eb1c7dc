# SPDX-License-Identifier: Apache-2.0
"""A real kube-controller-manager, and what a scheduler and a kubelet do with the pods it makes."""
import http.client
import os
import signal
import socket
import threading

import api
from bed import Process, free_port
from harness import Program, check

DEPLOYMENTS = '/apis/apps/v1/namespaces'


class ControllerManager(Process):
    """The controllers of Deployments and ReplicaSets alone."""

    def __init__(self, bed):
        super().__init__(bed.folder, 'controller-manager')
        self.start([os.environ['MICRO_KUBE_CONTROLLER_MANAGER'],
                    f'--kubeconfig={bed.path("kubeconfig")}', '--leader-elect=false',
                    '--controllers=deployment-controller,replicaset-controller',
                    '--bind-address=127.0.0.1', f'--secure-port={free_port()}',
                    f'--cert-dir={bed.path("certs")}'])


class Node(threading.Thread):
    """Runs greeters for the pods of a namespace.

    Every pod has an address of its own, so its server and its probes are there and not at 0.0.0.0.
    When its program has ended, whoever still connects to that address is counted as .late.
    """

    def __init__(self, t, namespace):
        super().__init__(daemon=True)
        self.t, self.namespace, self.admin = t, namespace, t.bed.admin()
        self.programs, self.ready, self.ended, self.late, self.faults = {}, set(), {}, [], []
        self.over, self.last = threading.Event(), 0

    def run(self):
        while not self.over.wait(0.05):
            try:
                items = self.admin.get(f'/api/v1/namespaces/{self.namespace}/pods')['items']
                for pod in items:
                    self.tend(pod)
                self.look()
            except Exception as error:  # pylint: disable=broad-except
                self.faults.append(repr(error))

    def stop(self):
        self.over.set()
        self.join(10)
        for listener in self.ended.values():
            listener.close()

    def tend(self, pod):
        name = pod['metadata']['name']
        program = self.programs.get(name)
        if program is None:
            self.begin(pod)
        elif 'deletionTimestamp' in pod['metadata']:
            self.end(name, program)
        elif name not in self.ready and self.probe(pod):
            api.set_status(self.admin, self.namespace, name, ready=True)
            self.ready.add(name)

    def begin(self, pod):
        name = pod['metadata']['name']
        if 'deletionTimestamp' in pod['metadata']:
            return
        self.last += 1
        ip = f'10.250.{self.last // 250}.{self.last % 250 + 1}'
        self.admin.post(f'{api.pod_path(self.namespace, name)}/binding', {
            'metadata': {'name': name}, 'target': {'kind': 'Node', 'name': 'node'}})
        api.set_status(self.admin, self.namespace, name, phase='Running', ready=False, ips=[ip])
        container = pod['spec']['containers'][0]
        arguments = [argument.replace('0.0.0.0', ip) for argument in container['args']]
        environment = dict(self.t.in_pod(self.namespace, pod['spec']['serviceAccountName'], pod),
                           **{entry['name']: entry['value'] for entry in container['env']})
        program = self.t.start(Program, 'greeter', environment, *arguments)
        program.ip, program.told = ip, False
        self.programs[name] = program

    def probe(self, pod):
        """As its template says; True when it is ready."""
        asked = pod['spec']['containers'][0]['readinessProbe']['httpGet']
        connection = http.client.HTTPConnection(self.programs[pod['metadata']['name']].ip,
                                                asked['port'], timeout=2)
        try:
            connection.request('GET', asked['path'])
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def end(self, name, program):
        if not program.told:
            program.told = True
            program.child.send_signal(signal.SIGTERM)
        elif program.child.poll() is not None and name not in self.ended:
            listener = socket.create_server((program.ip, 8080))
            listener.setblocking(False)
            self.ended[name] = listener
            if program.child.returncode != 0:
                self.faults.append(f'{name}: {program.output()}')
            self.admin.delete(api.pod_path(self.namespace, name))

    def look(self):
        for name, listener in self.ended.items():
            try:
                listener.accept()[0].close()
                self.late.append(name)
            except BlockingIOError:
                pass

    def check(self):
        check(not self.faults, self.faults[:3])
        check(not self.late, f'called after their end: {self.late}')


def deployment(t, namespace, name):
    """Its status, if that is of the newest generation."""
    found = t.api.get(f'{DEPLOYMENTS}/{namespace}/deployments/{name}')
    status = found['status']
    return status if status.get('observedGeneration') == found['metadata']['generation'] else {}
