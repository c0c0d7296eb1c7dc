# SPDX-License-Identifier: Apache-2.0
"""The HTTP broker, whose subscribers are found through the registry."""
import api
from bed import wait_for
from cases_register import registered
from harness import Program, case, check

KEY = 'micro.mu/service-micro.http.broker'


@case(140, 'each-topic-and-queue-of-a-pod-gets-its-messages')
def topics(t):
    """They are several nodes at one address, in one record, beside that of the service."""
    namespace = t.namespace()
    account = api.make_account(t.api, namespace, 'service', api.REGISTRAR)
    hearers = []
    for ip in ('10.250.7.1', '10.250.7.2'):
        name = 'hears-' + ip[-1]
        pod = t.pod(namespace, name, ips=(ip,), account=account)
        environment = dict(t.in_pod(namespace, account, pod), TOPICS='orders news jobs@work')
        hearers.append(t.start(Program, 'subscriber', environment, f'--server-address={ip}:0',
                               f'--broker-address={ip}:0'))
        wait_for(lambda n=name: {node['metadata']['topic'] for node in registered(
            t, namespace, n, key=KEY)['nodes']} == {'orders', 'news', 'jobs'}, 15, 'all topics')
    environment = t.reader(namespace)
    for topic in ('orders', 'news', 'jobs'):
        done = t.micro(environment, 'publish', topic, 'id:=7')
        check(done.returncode == 0, done.stderr)
    for hearer in hearers:
        hearer.says('^orders - ')
        hearer.says('^news - ')
    wait_for(lambda: sum('jobs work ' in hearer.output() for hearer in hearers) == 1, 10, 'the queue')
    for hearer in hearers:
        check('somebody has removed' not in hearer.output(), hearer.output())
