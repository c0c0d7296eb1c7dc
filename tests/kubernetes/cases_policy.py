# SPDX-License-Identifier: Apache-2.0
"""The admission policy of packaging/kubernetes: who patches pods may register itself, and no more."""
import json
import os

import api
from bed import wait_for
from cases_manifests import SOURCE, printed
from cases_register import KEY, annotations, labels, patches, registered, serve
from harness import case, check, kubectl

POLICY = f'{SOURCE}/packaging/kubernetes/policy'
WRITER = [{'apiGroups': [''], 'resources': ['pods'], 'verbs': ['get', 'patch', 'update']}]
CREATOR = [{'apiGroups': [''], 'resources': ['pods'], 'verbs': ['create', 'get', 'patch']}]


def bound_to(t, namespace, account, pod=None):
    """The API as somebody with a token of this account sees it."""
    return api.Api(t.bed.server.url, t.bed.ca_file,
                   token=api.make_token(t.api, namespace, account, pod))


def metadata(**parts):
    return {'metadata': parts}


def image(name):
    return {'spec': {'containers': [{'name': 'main', 'image': name}]}}


def patch(who, namespace, name, body, content='application/strategic-merge-patch+json'):
    """200, or the status and why not."""
    status, answer = who.request('PATCH', api.pod_path(namespace, name), body, content)
    return status if status == 200 else (status, answer['message'])


def refuses(who, namespace, name, body, word):
    said = patch(who, namespace, name, body)
    check(said != 200 and said[0] == 403 and word in said[1], f'{body}: {said}')


def guarded(t):
    """A namespace in which the policy counts, as soon as the server goes by it."""
    t.since((1, 30), 'admission policies are there')
    kubectl(t, 'apply', '-f', f'{POLICY}/policy.yaml')
    t.stack.callback(kubectl, t, 'delete', '-f', f'{POLICY}/policy.yaml')
    namespace = t.namespace()
    kubectl(t, 'label', 'namespace', namespace, 'micro.mu/registry=own-pod')
    account = api.make_account(t.api, namespace, 'probe', api.REGISTRAR)
    t.pod(namespace, 'probe', account=account)
    probe = bound_to(t, namespace, account)
    wait_for(lambda: patch(probe, namespace, 'probe', metadata(labels={'micro.mu/type': None})) != 200,
             30, 'the policy')
    return namespace


@case(125, 'policy-lets-a-pod-register-itself-and-nothing-else')
def own_pod(t):
    namespace = guarded(t)
    account = api.make_account(t.api, namespace, 'service', WRITER)
    foreign = {'labels': {'app': 'web', 'tier': 'front'}, 'annotations': {'note': 'mine'}}
    pod = t.pod(namespace, 'own', account=account, **foreign)
    t.pod(namespace, 'other', account=account, **foreign)
    bare = t.pod(namespace, 'bare', account=account)
    me = bound_to(t, namespace, account, pod)
    ours = api.published(api.record('greeter', '10.250.0.1:80'))
    check(patch(me, namespace, 'own', metadata(**ours)) == 200, 'cannot register')
    check(patch(bound_to(t, namespace, account, bare), namespace, 'bare', metadata(**ours)) == 200,
          'cannot register on a pod without labels')
    # Neither another pod, nor with a token that is of no pod or of another.
    for name in ('other', 'bare'):
        refuses(me, namespace, name, metadata(**ours), 'its own pod only')
    refuses(bound_to(t, namespace, account), namespace, 'own', metadata(**ours), 'its own pod only')
    refuses(me, namespace, 'other', image('evil'), 'its own pod only')
    refuses(me, namespace, 'own', image('evil'), 'images')
    refuses(me, namespace, 'own', {'spec': {'activeDeadlineSeconds': 1}}, 'spec')
    for labelled in ({'app': 'bank'}, {'app': None}, {'new': 'x'}, {'micro.mu/other': 'x'},
                     {'micro.mu/type': 'service', 'app': None}):
        refuses(me, namespace, 'own', metadata(labels=labelled), 'of the labels')
    for noted in ({'note': 'theirs'}, {'note': None}, {'new': 'x'}, {'micro.mu/x': 'y'}):
        refuses(me, namespace, 'own', metadata(annotations=noted), 'of the annotations')
    refuses(me, namespace, 'own', metadata(labels=None), 'of the labels')
    refuses(me, namespace, 'own', metadata(finalizers=['example.org/never']), 'waits for')
    owner = {'apiVersion': 'v1', 'kind': 'Pod', 'name': 'other', 'uid': bare['metadata']['uid']}
    refuses(me, namespace, 'own', metadata(ownerReferences=[owner]), 'who owns')
    # A whole replacement is an update like any other.
    whole = t.api.get(api.pod_path(namespace, 'own'))
    whole['metadata']['labels'] = {}
    status, answer = me.request('PUT', api.pod_path(namespace, 'own'), whole)
    check(status == 403 and 'of the labels' in answer['message'], f'{status} {answer}')
    gone = {part: {key: None for key in keys} for part, keys in ours.items()}
    check(patch(me, namespace, 'own', metadata(**gone)) == 200, 'cannot deregister')
    check(labels(t, namespace, 'own') == foreign['labels'], labels(t, namespace, 'own'))
    check(annotations(t, namespace, 'own') == foreign['annotations'], 'annotations')


@case(126, 'policy-hinders-nobody-else')
def others(t):
    namespace, elsewhere = guarded(t), t.namespace()
    t.pod(namespace, 'pod')
    check(patch(t.api, namespace, 'pod', metadata(labels={'app': 'web'}, finalizers=[])) == 200, 'admin')
    check(patch(t.api, namespace, 'pod', image('newer')) == 200, 'admin')
    # Who may create pods; who is of another namespace, as controllers are; where nobody asked for it.
    account = api.make_account(t.api, namespace, 'operator', CREATOR)
    check(patch(bound_to(t, namespace, account), namespace, 'pod', image('mine')) == 200, 'operator')
    stranger = api.make_account(t.api, elsewhere, 'controller', WRITER)
    t.api.post(f'{api.RBAC}/namespaces/{namespace}/rolebindings', {
        'metadata': {'name': 'controller'},
        'roleRef': {'apiGroup': 'rbac.authorization.k8s.io', 'kind': 'Role', 'name': 'probe'},
        'subjects': [{'kind': 'ServiceAccount', 'name': stranger, 'namespace': elsewhere}]})
    check(patch(bound_to(t, elsewhere, stranger), namespace, 'pod', image('next')) == 200, 'stranger')
    t.pod(elsewhere, 'pod')
    check(patch(bound_to(t, elsewhere, stranger), elsewhere, 'pod', image('theirs')) == 200, 'elsewhere')
    # What kubelet and the scheduler write are subresources; nor is deletion an update.
    api.set_status(t.api, namespace, 'pod', ready=False)
    t.api.delete(api.pod_path(namespace, 'pod'))


@case(127, 'a-service-lives-under-the-policy')
def lives(t):
    namespace = guarded(t)
    consumer = t.consumer(t.reader(namespace), 'greeter')
    kubectl(t, 'apply', '-f', '-', text=printed(t, 'greeter', '-n', namespace))
    _, greeter = serve(t, namespace, account='greeter', labels={'app': 'greeter'})
    consumer.sees([greeter.address])
    t.api.patch(api.pod_path(namespace, 'greeter-1'), metadata(annotations={KEY: None}))
    registered(t, namespace, seconds=10)
    check(greeter.stop() == 0, greeter.output())
    check(labels(t, namespace) == {'app': 'greeter'}, labels(t, namespace))
    check(all(code == 200 for _, name, code in patches(t, namespace) if name == 'greeter-1'),
          patches(t, namespace))
    # One that pretends to be another pod is told what stands in its way, which is no Role.
    t.pod(namespace, 'victim', ips=('10.250.1.2',), account='greeter')
    greeter = t.greeter(t.environment(
        KUBECONFIG=t.kubeconfig(token=api.make_token(t.api, namespace, 'greeter'),
                                namespace=namespace),
        POD_NAME='victim', POD_NAMESPACE=namespace), '10.250.1.2')
    greeter.says('micro-registry-own-pod.*its own pod only', 15)
    check('kind: Role' not in greeter.output(), greeter.output())
    check(greeter.child.poll() is None, greeter.output())


@case(128, 'policy-as-a-component-of-an-overlay')
def component(t):
    t.since((1, 30), 'admission policies are there')
    folder = os.path.realpath(t.folder)
    t.write('kustomization.yaml', json.dumps({
        'resources': [os.path.relpath(f'{SOURCE}/packaging/kubernetes/base', folder)],
        'components': [os.path.relpath(POLICY, folder)], 'namespace': 'default'}))
    said = kubectl(t, 'apply', '--dry-run=server', '--validate=strict', '-k', folder)
    check('validatingadmissionpolicy.admissionregistration.k8s.io/micro-registry-own-pod' in said, said)
    check('validatingadmissionpolicybinding' in said and 'deployment.apps/greeter' in said, said)
