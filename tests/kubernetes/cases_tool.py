# SPDX-License-Identifier: Apache-2.0
"""The tool on a cluster: what it says of rights, certificates and names."""
import json
import re
import signal
import time

import api
from bed import Authority, free_port
from cases_faults import serving
from cases_watch import publish
from harness import Program, case, check, kubectl


def doctor(t, environment, *arguments, status=0):
    """{check: (result, text, fix)} of micro doctor."""
    said = t.micro(environment, *arguments, 'doctor', '-o', 'json')
    check(said.returncode == status, f'{said.returncode}: {said.stdout}{said.stderr}')
    return {one['check']: (one['result'], one['text'], one['fix'])
            for one in json.loads(said.stdout)['checks']}


def apply(t, fix):
    """Does what a fix of “kubectl create” says; kubectl itself would have to be compiled."""
    role, binding = (dict(re.findall(r'--([a-z]+)=(\S+)', part)) for part in fix.split(' && '))
    namespace, account = binding['serviceaccount'].split(':')
    check(role['namespace'] == binding['namespace'], fix)
    name = re.match(r'kubectl create role (\S+) ', fix)[1]
    resource, _, group = role['resource'].partition('.')
    t.api.post(f'{api.RBAC}/namespaces/{role["namespace"]}/roles', {
        'metadata': {'name': name}, 'rules': [{'apiGroups': [group], 'resources': [resource],
                                               'verbs': role['verb'].split(',')}]})
    t.api.post(f'{api.RBAC}/namespaces/{role["namespace"]}/rolebindings', {
        'metadata': {'name': name},
        'roleRef': {'apiGroup': 'rbac.authorization.k8s.io', 'kind': 'Role', 'name': binding['role']},
        'subjects': [{'kind': 'ServiceAccount', 'name': account, 'namespace': namespace}]})


def in_pod(t, namespace, account):
    """Runs the tool in a pod: .micro() does not know of mounts."""
    pod = t.pod(namespace, 'examined', ips=('10.250.6.1',), account=account)
    token = t.write('token', api.make_token(t.api, namespace, account, pod))
    return t.environment(KUBECONFIG=t.kubeconfig(token_file=token, namespace=namespace))


@case(67, 'doctor-says-what-is-missing-and-the-fix-mends-it')
def rights(t):
    namespace = t.namespace()
    account = api.make_account(t.api, namespace, 'service')
    environment = in_pod(t, namespace, account)
    found = doctor(t, environment, status=4)
    for name in ('configuration', 'address', 'TLS', 'token'):
        check(found[name][0] == 'ok', found)
    check(f'system:serviceaccount:{namespace}:service' in found['token'][1], found)
    check('Kubernetes v' in found['address'][1], found)
    for verb, result in (('list', 'failed'), ('watch', 'failed'), ('get', 'warning'),
                         ('patch', 'failed')):
        check(found[f'{verb} pods in {namespace}'][0] == result, found)
    check(found['pod name'][0] == 'skipped', found)
    for verb in ('watch', 'patch'):
        apply(t, found[f'{verb} pods in {namespace}'][2])
    found = doctor(t, environment)
    check({result for result, *_ in found.values()} == {'ok'}, found)
    check(f'{namespace}/examined' in found['pod name'][1], found)
    said = t.micro(environment, 'doctor')
    check(said.returncode == 0 and re.search(r'(?m)^ok +TLS: the certificate is verified', said.stdout),
          said.stdout + said.stderr)
    # Static registration needs no right to patch, and endpoints have rights of their own.
    found = doctor(t, environment, '--registry-register=static', '--registry-discovery=endpoints',
                   status=4)
    check(not any('patch' in name for name in found), found)
    check('--resource=endpointslices.discovery.k8s.io' in
          found[f'list endpointslices in {namespace}'][2], found)


@case(141, 'who-may-not-list-is-told-a-role-that-kubectl-takes')
def printed_role(t):
    namespace = t.namespace()
    environment = t.reader(namespace, [])
    said = t.micro(environment, 'list')
    check(said.returncode == 4 and 'may not list and watch pods' in said.stderr, said.stderr)
    kubectl(t, 'apply', '-f', '-', text=said.stderr[said.stderr.index('\napiVersion: '):])
    said = t.micro(environment, 'list')
    check(said.returncode == 0, said.stderr)


@case(68, 'doctor-tells-address-certificate-and-token-apart')
def reaching(t):
    namespace = t.namespace()
    reader = t.reader(namespace)
    nowhere = t.reader(namespace, server=f'https://127.0.0.1:{free_port()}')
    found = doctor(t, nowhere, status=4)
    check(found['address'][0] == 'failed' and found['address'][2], found)
    check('TLS' not in found, found)
    stranger = Authority(t.folder, 'stranger')
    found = doctor(t, t.reader(namespace, ca_file=stranger.cert), status=4)
    check(found['TLS'][0] == 'failed' and 'ca-file' in found['TLS'][2], found)
    environment = t.environment(KUBECONFIG=t.kubeconfig(token='of.no.use', namespace=namespace))
    found = doctor(t, environment, status=4)
    check(found['token'][0] == 'failed' and found['address'][0] == 'ok', found)
    environment = t.environment(KUBECONFIG=t.kubeconfig(namespace=namespace))
    found = doctor(t, environment, status=4)
    check('anonymous' in found['token'][1], found)
    pki = t.bed.path('pki')
    found = doctor(t, t.environment(
        MICRO_REGISTRY_ADDRESS=t.bed.server.url, MICRO_REGISTRY_CA_FILE=t.bed.ca_file,
        MICRO_REGISTRY_CERT_FILE=f'{pki}/admin.crt', MICRO_REGISTRY_KEY_FILE=f'{pki}/admin.key'))
    check('the client certificate is accepted' in found['token'][1], found)
    # Nobody else's pod is ours: a reader on somebody's desk registers nothing.
    found = doctor(t, reader)
    check(found['pod name'][0] == 'skipped' and 'no pod' in found['pod name'][1], found)
    check(not any('patch' in name for name in found), found)
    found = doctor(t, dict(reader, POD_NAME='absent'), '--registry-register=static', status=4)
    check(found['pod name'][0] == 'failed' and 'POD_NAME' in found['pod name'][2], found)


@case(69, 'doctor-without-a-cluster')
def nowhere(t):
    found = doctor(t, t.environment(), status=4)
    check(list(found) == ['configuration'], found)
    check('no Kubernetes cluster is configured' in found['configuration'][1], found)


def watching(t, environment, *arguments):
    return t.start(Program, 'micro', environment, 'list', '--watch', *arguments)


@case(70, 'list-watch-goes-on-without-the-api-server')
def list_watch(t):
    namespace = t.namespace()
    serving(t, namespace)
    first = publish(t, namespace, 1)
    environment = t.reader(namespace)
    people = watching(t, environment)
    programs = watching(t, environment, '-o', 'json')
    people.says(f'^created  greeter  1.0.0  {first}$')
    programs.says('"created"')
    t.bed.server.stop(signal.SIGKILL)
    time.sleep(3)
    t.bed.server.run()
    second = publish(t, namespace, 2)
    people.says(f'^updated  greeter  1.0.0  {first},{second}$', 60)
    t.api.delete(api.pod_path(namespace, 'greeter-1'))
    people.says(f'^updated  greeter  1.0.0  {second}$')
    # It may have been away for longer.
    programs.says(f'"updated"(?!.*{first}).*{second}', 60)
    t.api.delete(api.pod_path(namespace, 'greeter-2'))
    people.says(f'^deleted  greeter  1.0.0  {second}$')
    programs.says('"deleted"', 60)
    events = [json.loads(line) for line in programs.text if line.startswith('{')]
    check([event['event'] for event in events][:2] == ['created', 'updated'], events)
    check(events[-1]['event'] == 'deleted', events)
    check([node['address'] for node in events[-1]['service']['nodes']] == [second], events[-1])
    for program, number in ((people, signal.SIGINT), (programs, signal.SIGTERM)):
        check(program.stop(number) == 0, program.output())
