# SPDX-License-Identifier: Apache-2.0
"""What is compared: our registry and client-go's shared informer, each in a process of its own."""
import os
import re
import signal
import time

import load
from harness import Program

TICKS = os.sysconf('SC_CLK_TCK')
AGENTS = {'micro': 'micro/', 'client-go': 'client-go-bench', 'client-go-tuned': 'client-go-bench'}
NAMES = list(AGENTS)


class Watcher(Program):
    """Obeys a line at a time; .seen is what its probe saw, with the time it saw it."""

    def __init__(self, command, environment):
        self.answers, self.seen, self.asked = [], [], 0
        super().__init__(command, environment)
        self.said('ready', 30)

    def heard(self, line):
        word, _, rest = line.partition(' ')
        if word == 'seen':
            state, when, *number = rest.split()
            self.seen.append((state, float(when), int(number[0]) if number else 0))
        else:
            self.answers.append((line, time.monotonic()))

    def said(self, word, seconds):
        """The rest of its next answer, and when that came."""
        end = time.monotonic() + seconds
        while len(self.answers) <= self.asked:
            if time.monotonic() > end or self.child.poll() is not None:
                raise SystemExit(f'no “{word}” within {seconds} s: {self.output()}')
            time.sleep(0.002)
        line, when = self.answers[self.asked]
        self.asked += 1
        if line.partition(' ')[0] != word:
            raise SystemExit(f'“{line}” instead of “{word}”')
        return line.partition(' ')[2], when

    def ask(self, command, word, seconds=120):
        self.child.stdin.write(command + '\n')
        self.child.stdin.flush()
        return self.said(word, seconds)

    def sees(self, state, since, seconds=60):
        """When each of its clients first saw this state, from this place in .seen on."""
        end = time.monotonic() + seconds
        while True:
            for found, when, _ in self.seen[since:]:
                if found == state:
                    return when
            if time.monotonic() > end or self.child.poll() is not None:
                raise SystemExit(f'no {state} within {seconds} s: {self.output()}')
            time.sleep(0.0005)

    def cpu_seconds(self):
        with open(f'/proc/{self.child.pid}/stat', encoding='ascii') as file:
            fields = file.read().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_mb(self, what='VmRSS'):
        with open(f'/proc/{self.child.pid}/status', encoding='ascii') as file:
            return int(re.search(what + r':\s+(\d+)', file.read())[1]) / 1024


class Client:
    """How to start one of those that are compared."""

    def __init__(self, bench, name):
        self.bench, self.name = bench, name
        self.is_ours = name == 'micro'

    def start(self, mode='pods', service=None, namespace=load.NAMESPACE, clients=1, interval_us=100):
        """Knows nothing yet.  With a service it is to watch that one alone."""
        case = self.bench.case
        environment = dict(self.bench.environments[namespace])
        if self.is_ours:
            environment['MICRO_REGISTRY_DISCOVERY'] = mode
            return case.start(Watcher, 'watcher', environment, f'--interval={interval_us}')
        command = ['watch', f'-namespace={namespace}', f'-mode={mode}', f'-clients={clients}',
                   f'-selector={self.selector(mode, service)}']
        if self.name == 'client-go-tuned':
            command.append('-tuned')
        return case.start(Watcher, 'client-go', environment, *command)

    @staticmethod
    def selector(mode, service):
        if mode == 'endpoints':
            key = 'kubernetes.io/service-name'
            return key if service is None else f'{key}={service}'
        return 'micro.mu/type=service' if service is None else f'micro.mu/selector-{service}=service'

    def synced(self, probe=None, **options):
        """One that knows everything, and looks at a service if it is told to."""
        watcher = self.start(**options)
        if not self.is_ours and probe is not None:
            watcher.ask(f'probe {probe}', 'probing')
        watcher.ask('sync', 'synced')
        if self.is_ours and probe is not None:
            watcher.ask(f'probe {probe}', 'probing')
        return watcher

    def stop(self, watcher):
        watcher.stop(signal.SIGKILL)
