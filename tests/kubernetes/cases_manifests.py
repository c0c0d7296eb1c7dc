# SPDX-License-Identifier: Apache-2.0
"""What micro kube prints, and what packaging/kubernetes has, as an API server takes it."""
import glob
import json
import os
import re
import subprocess

import api
from harness import case, check, kubectl
from cases_tool import doctor

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VARIANTS = [[], ['--registry=memory', '--selector=static'], ['--selector=dns'], ['--broker=http'],
            ['--broker=nats', '--replicas=0'], ['--port=9090'], ['--selector=no', '--broker=null']] + \
    [[f'--probe={probe}'] for probe in ('http', 'grpc', 'exec', 'sidecar')]
DRY_RUN = ['--dry-run=server', '--validate=strict']


def apply(t, text, *options):
    """What an older server does not have, a kubelet's gRPC probe and policy/v1, as it has it."""
    if t.bed.release < (1, 24):
        text = re.sub(r'\bgrpc: \{port: (\d+)\}', r'tcpSocket: {port: \1}', text)
    if t.bed.release < (1, 21):
        text = text.replace('\napiVersion: policy/v1\n', '\napiVersion: policy/v1beta1\n')
    return kubectl(t, 'apply', *options, '-f', '-', text=text)


def printed(t, *arguments):
    environment = t.environment()
    del environment['MICRO_REGISTRY']
    done = t.micro(environment, 'kube', *arguments)
    check(done.returncode == 0, done.stderr)
    return done.stdout


@case(90, 'an-api-server-takes-what-micro-kube-prints')
def dry_run(t):
    t.api  # noqa: B018 which brings the servers up
    namespace = t.namespace()
    for variant in VARIANTS:
        for service in ('greeter', 'go.micro.srv.Greeter', 'on'):
            text = printed(t, service, '--namespace=' + namespace, *variant)
            said = apply(t, text, *DRY_RUN)
            check(said.count('created (server dry run)') == text.count('\nkind: '), f'{variant}: {said}')


@case(91, 'an-api-server-takes-the-manifests-of-packaging')
def packaged(t):
    t.api  # noqa: B018
    files = glob.glob(f'{SOURCE}/packaging/kubernetes/*.yaml')
    check(len(files) >= 4, files)
    for file in files:
        with open(file, encoding='utf-8') as stream:
            apply(t, stream.read(), *DRY_RUN)
    apply(t, kubectl(t, 'kustomize', f'{SOURCE}/packaging/kubernetes/base'), *DRY_RUN)


@case(93, 'an-api-server-takes-the-manifests-of-the-page-for-who-comes-from-the-original')
def coming_from(t):
    t.api  # noqa: B018
    with open(f'{SOURCE}/core/docs/coming-from-micro-kubernetes.md', encoding='utf-8') as file:
        blocks = re.findall('^```diff$(.*?)^```$', file.read(), re.M | re.S)
    check(len(blocks) == 3, len(blocks))
    for block in blocks:
        text = ''.join(line[1:] + '\n' for line in block.splitlines() if not line.startswith('-'))
        said = apply(t, text, *DRY_RUN)
        check('greeter created (server dry run)' in said, said)


@case(92, 'the-service-selects-the-pods-and-their-account-may-do-what-it-must')
def fitting(t):
    namespace = t.namespace()
    apply(t, printed(t, 'greeter', '-n', namespace))
    kinds = json.loads(kubectl(t, '-n', namespace, 'get', '-o', 'json',
                               'deployment,service,pdb'))['items']
    deployment, service, budget = kinds
    labels = deployment['spec']['template']['metadata']['labels']
    check(service['spec']['selector'].items() <= labels.items(), service)
    check(budget['spec']['selector']['matchLabels'].items() <= labels.items(), budget)
    ports = [port['containerPort'] for port in deployment['spec']['template']['spec']['containers'][0]['ports']]
    check(service['spec']['ports'][0]['targetPort'] in ports, ports)
    # Its pod, which no controller makes here, finds that it has each right, and no others.
    pod = t.pod(namespace, 'greeter-1', ips=('10.250.6.2',), account='greeter')
    token = t.write('token', api.make_token(t.api, namespace, 'greeter', pod))
    found = doctor(t, t.environment(KUBECONFIG=t.kubeconfig(token_file=token, namespace=namespace)))
    check({result for result, *_ in found.values()} == {'ok'}, found)
    account = f'system:serviceaccount:{namespace}:greeter'
    for verb, thing in (('delete', 'pods'), ('create', 'pods'), ('get', 'secrets'),
                        ('list', 'configmaps'), ('patch', 'deployments')):
        said = subprocess.run([os.environ['MICRO_KUBECTL'], 'auth', 'can-i', verb, thing, '-n', namespace,
                               '--as', account], env={'PATH': os.environ['PATH'], 'HOME': t.folder,
                                                      'KUBECONFIG': t.bed.path('kubeconfig')},
                              capture_output=True, text=True, timeout=60, check=False)
        check(said.stdout.strip() == 'no', f'{verb} {thing}: {said.stdout}{said.stderr}')


@case(94, 'tests-kubernetes-cluster-goes-down-from-any-shell')
def goes_down(t):
    folder = os.path.join(t.folder, 'cluster')
    os.mkdir(folder)
    environment = dict(os.environ, MICRO_KUBE_FOLDER=folder)
    if 'kubernetes-v' in environment['MICRO_KUBE_APISERVER']:  # else it was named, and is again
        del environment['MICRO_KUBE_APISERVER']
    for _ in range(2):
        subprocess.run([f'{SOURCE}/tests/kubernetes/cluster', 'down'], env=environment, check=True,
                       timeout=60)
        check(not os.path.exists(folder), 'its folder is still there')
