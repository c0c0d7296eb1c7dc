# SPDX-License-Identifier: Apache-2.0
"""The pods and slices that are watched, and what happens to them."""
import datetime
import json
import subprocess
import time

import api

NAMESPACE = 'bench'
QUIET = 'quiet'  # nothing happens there
PROBE = 'service-0000'
REPLICAS = 10
RULES = api.WATCHER + api.ENDPOINTS


class Load:
    """Its pod 0 of PROBE is registered anew, its pod 1 is ready or not."""

    def __init__(self, bench):
        self.bench, self.api = bench, bench.case.api
        self.sequence = 0
        self.services = bench.services
        self.slice = None

    def command(self, verb, *arguments):
        environment = dict(self.bench.case.environment(),
                           KUBECONFIG=self.bench.case.bed.path('kubeconfig'))
        return [self.bench.case.tool('client-go'), verb, f'-namespace={NAMESPACE}',
                f'-services={self.services}', f'-replicas={REPLICAS}', *arguments], environment

    def fill(self):
        command, environment = self.command('fill')
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=600)
        slices = f'{api.SLICES}/namespaces/{NAMESPACE}/endpointslices?limit=1'
        self.slice = self.api.get(slices)['items'][0]

    def churn(self, events, rate):
        command, environment = self.command('churn', f'-events={events}', f'-rate={rate}')
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    @staticmethod
    def pod(replica):
        return api.pod_path(NAMESPACE, f'{PROBE}-6d4cf56db6-{replica:05d}')

    def bytes_per_pod(self):
        """As the API server sends it."""
        pods = self.api.request('GET', f'/api/v1/namespaces/{NAMESPACE}/pods?limit=100')[1]['items']
        return sum(len(json.dumps(pod, separators=(',', ':'))) for pod in pods) / len(pods)

    def register(self):
        """A new record of pod 0; the state that is to be seen, and when the request was sent."""
        self.sequence += 1
        key = f'micro.mu/service-{PROBE}'
        pod = self.api.get(self.pod(0))
        entry = json.loads(pod['metadata']['annotations'][key])
        entry['nodes'][0]['metadata']['seq'] = str(self.sequence)
        text = json.dumps({'metadata': {'annotations': {
            key: json.dumps(entry, separators=(',', ':'))}}})
        sent = time.monotonic()
        self.api.patch(self.pod(0), text)
        return f'{self.sequence}/{REPLICAS}', sent

    def make_ready(self, ready):
        """Pod 1, as a kubelet would; as register()."""
        pod = self.api.get(self.pod(1))
        for condition in pod['status']['conditions']:
            if condition['type'] in ('Ready', 'ContainersReady'):
                condition['status'] = str(ready)
        text = json.dumps({'status': {'conditions': pod['status']['conditions']}})
        sent = time.monotonic()
        self.api.patch(self.pod(1) + '/status', text)
        return f'{self.sequence}/{REPLICAS - (not ready)}', sent

    def make_ready_in_slice(self, ready):
        """What the EndpointSlice controller, which does not run here, would write at once."""
        endpoints = json.loads(json.dumps(self.slice['endpoints']))
        endpoints[1]['conditions']['ready'] = endpoints[1]['conditions']['serving'] = ready
        self.api.patch(api.slice_path(NAMESPACE, self.slice['metadata']['name']),
                       json.dumps({'endpoints': endpoints}))
        return f'0/{REPLICAS - (not ready)}'


class Audit:
    """What the API server was asked since."""

    def __init__(self, bed):
        self.path = bed.path('audit.log')
        with open(self.path, 'rb') as file:
            self.begin = file.seek(0, 2)
        self.since = datetime.datetime.now(datetime.timezone.utc).isoformat()

    def requests(self, agent):
        """(verb, when it came), of a User-Agent; each once, and not what began before."""
        found = {}
        with open(self.path, 'rb') as file:
            file.seek(self.begin)
            for line in file:
                if agent.encode() not in line or not line.endswith(b'\n'):
                    continue
                entry = json.loads(line)
                came = entry['requestReceivedTimestamp']
                if entry.get('userAgent', '').startswith(agent) and came > self.since:
                    found[entry['auditID']] = entry['verb'], came
        return list(found.values())
