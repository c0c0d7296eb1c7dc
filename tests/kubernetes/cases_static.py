# SPDX-License-Identifier: Apache-2.0
"""Registration by the template of the pod: no right to patch, and nothing is ever patched."""
import http.client
import json

import api
from bed import free_port, wait_for
from cases_manifests import apply, printed
from cases_register import annotations, labels, patches
from cases_tool import doctor
from harness import Program, case, check, kubectl

STATIC = '--registry-register=static'


def ready(ip, port=8081):
    """Whether a kubelet would say so, and why not."""
    connection = http.client.HTTPConnection(ip, port, timeout=5)
    connection.request('GET', '/health/ready?verbose')
    reply = connection.getresponse()
    return reply.status == 200, reply.read().decode()


def template_of(t, namespace, name, *arguments):
    """Applies what micro kube prints; its pod template, as the server has it."""
    apply(t, printed(t, name, '-n', namespace, STATIC, *arguments))
    return json.loads(kubectl(t, '-n', namespace, 'get', '-o', 'json', 'deployment', name))[
        'spec']['template']


def from_template(t, namespace, name, ip, template):
    """The pod that a controller would make of it."""
    return t.pod(namespace, name, ips=(ip,), account=template['spec']['serviceAccountName'],
                 labels=template['metadata']['labels'],
                 annotations=template['metadata'].get('annotations'))


def verbs(t, user):
    """What a service account has asked of pods, by the audit log."""
    with open(t.bed.path('audit.log'), encoding='utf-8') as file:
        entries = [json.loads(line) for line in file]
    return {entry['verb'] for entry in entries if entry['user'].get('username') == user
            and (entry.get('objectRef') or {}).get('resource') == 'pods'}


@case(121, 'static-service-of-micro-kube-is-found-and-called')
def found(t):
    namespace = t.namespace()
    consumer = t.consumer(t.reader(namespace), 'greeter')
    template = template_of(t, namespace, 'greeter', '--server-version=2.1.0')
    pod = from_template(t, namespace, 'greeter-1', '10.250.1.1', template)
    container = template['spec']['containers'][0]
    environment = dict(t.in_pod(namespace, 'greeter', pod),
                       **{entry['name']: entry['value'] for entry in container['env']})
    greeter = t.start(Program, 'greeter', environment, *container['args'])
    greeter.says('greeter 2.1.0 serves on .*:8080, registered in kubernetes', 15)
    consumer.sees(['10.250.1.1:8080'])
    check(consumer.now()['10.250.1.1:8080'] == 'greeter-greeter-1', consumer.now())
    check(ready('127.0.0.1')[0], ready('127.0.0.1'))
    said = t.micro(t.reader(namespace), 'call', 'greeter', 'Say.Hello', 'name=John')
    check(said.returncode == 0 and 'John' in said.stdout, said.stdout + said.stderr)
    check('2.1.0' in t.micro(t.reader(namespace), 'list').stdout, 'another version')
    # The second replica has the same record and is another node.
    from_template(t, namespace, 'greeter-2', '10.250.1.2', template)
    consumer.sees(['10.250.1.1:8080', '10.250.1.2:8080'])
    # It has the right to look, and asks for no other.
    token = t.write('token', api.make_token(t.api, namespace, 'greeter', pod))
    examined = doctor(t, t.environment(KUBECONFIG=t.kubeconfig(token_file=token,
                                                               namespace=namespace)), STATIC)
    check({result for result, *_ in examined.values()} == {'ok'}, examined)
    before = labels(t, namespace), annotations(t, namespace)
    check(greeter.stop() == 0, greeter.output())
    check((labels(t, namespace), annotations(t, namespace)) == before, labels(t, namespace))
    asked = verbs(t, f'system:serviceaccount:{namespace}:greeter')
    check(asked <= {'get', 'list', 'watch'}, asked)
    status, _ = api.Api(t.bed.server.url, t.bed.ca_file, token=api.make_token(
        t.api, namespace, 'greeter', pod)).request(
            'PATCH', api.pod_path(namespace, 'greeter-1'), {'metadata': {'labels': {'a': 'b'}}},
            api.MERGE)
    check(status == 403, status)


@case(122, 'static-template-without-the-labels-says-what-to-add')
def lacking(t):
    namespace = t.namespace()
    account = api.make_account(t.api, namespace, 'service', api.WATCHER)
    consumer = t.consumer(t.reader(namespace), 'greeter')
    pod = t.pod(namespace, 'greeter-1', ips=('10.250.1.1',), account=account)
    greeter = t.greeter(t.in_pod(namespace, account, pod), '10.250.1.1', STATIC, '--health=http',
                        '--health-address=10.250.1.1:8081')
    greeter.says(f'the pod {namespace}/greeter-1 lacks the label micro.mu/', 15)
    fine, why = ready('10.250.1.1')
    check(not fine and 'lacks the label' in why, why)
    said = t.micro(t.reader(namespace), f'--address={greeter.address}', 'call', 'greeter',
                   'Say.Hello', 'name=John')
    check(said.returncode == 0 and 'John' in said.stdout, said.stdout + said.stderr)
    # What it says is to be added, added to the pod itself.
    text = greeter.output()
    patch = t.write('patch.yaml', text[text.index('metadata:\n'):])
    wrong = t.write('wrong.yaml', text[text.index('metadata:\n'):].replace(
        greeter.address.rpartition(':')[2], '9'))
    kubectl(t, '-n', namespace, 'patch', 'pod', 'greeter-1', '--type=merge', '--patch-file', wrong)
    greeter.says('at a port that is not', 15)
    check(not ready('10.250.1.1')[0], 'it is ready')
    kubectl(t, '-n', namespace, 'patch', 'pod', 'greeter-1', '--type=merge', '--patch-file', patch)
    wait_for(lambda: ready('10.250.1.1')[0], 20, 'that it is ready')
    consumer.sees([greeter.address])
    check(not patches(t, namespace), patches(t, namespace))


@case(123, 'static-needs-neither-rights-nor-an-api-server')
def alone(t):
    """Whoever cannot look is found all the same, and must not say that it is not."""
    namespace = t.namespace()
    template = template_of(t, namespace, 'greeter')
    account = api.make_account(t.api, namespace, 'nobody')
    template['spec']['serviceAccountName'] = account
    pod = from_template(t, namespace, 'greeter-1', '10.250.1.1', template)
    greeter = t.greeter(t.in_pod(namespace, account, pod), '10.250.1.1', STATIC, '--health=http',
                        '--health-address=10.250.1.1:8081')
    wait_for(lambda: ready('10.250.1.1')[0], 15, 'that it is ready without rights')
    check('cannot be registered' not in greeter.output(), greeter.output())
    pod = from_template(t, namespace, 'greeter-2', '10.250.1.2', template)
    environment = dict(t.in_pod(namespace, account, pod), KUBERNETES_SERVICE_PORT=str(free_port()))
    greeter = t.greeter(environment, '10.250.1.2', STATIC, '--health=http',
                        '--health-address=10.250.1.2:8081')
    wait_for(lambda: ready('10.250.1.2')[0], 15, 'that it is ready without an API server')
    check('cannot be registered' not in greeter.output(), greeter.output())


@case(124, 'static-record-of-a-name-that-is-no-label')
def long_name(t):
    namespace = t.namespace()
    name = 'a' * 62 + 'z'
    template = template_of(t, namespace, name)
    pod = from_template(t, namespace, 'long-1', '10.250.1.1', template)
    greeter = t.start(Program, 'greeter', t.in_pod(namespace, name, pod), STATIC,
                      '--server-address=10.250.1.1:8080', '--server-name=' + name)
    greeter.says('registered in kubernetes', 15)
    t.consumer(t.reader(namespace), name).sees(['10.250.1.1:8080'])
