# SPDX-License-Identifier: Apache-2.0
"""Called by tests/rollout/run: rollout.py BUILD [--plot] [PATTERN…]."""
import os
import signal
import sys
import time

import api
import calls
import harness
import plot
from bed import wait_for
from cases_register import registered
from harness import Program, case, check

RATE = 500
SETTLED = 1.0  # seconds, what is wanted
HARD = 5.0  # seconds, what fails: the machine may be busy
BACK = 40.0  # seconds; those who lost the API server come back to it one by one
STEADY = 2  # seconds to look at after a change; more than one window
DRAWN = []

harness.TOOLS.update({'caller': 'tests/rollout/caller', 'greeter': 'tests/rollout/greeter'})
harness.CASES.clear()  # what cases_register brought


class Rollout:
    """Greeters in pods of their own, a caller, and what was changed when."""

    def __init__(self, t):
        self.t, self.namespace = t, t.namespace()
        self.account = api.make_account(t.api, self.namespace, 'greeter', api.REGISTRAR)
        self.pods, self.changes, self.caller, self.last = {}, [], None, 0
        self.dying = []

    def create(self):
        """A pod that a scheduler and a kubelet would have brought as far as its start."""
        self.last += 1
        name, ip = f'greeter-{self.last}', f'10.250.1.{self.last}'
        made = self.t.pod(self.namespace, name, ips=(ip,), account=self.account)
        return name, ip, self.t.in_pod(self.namespace, self.account, made)

    def start(self, name, ip, environment):
        return self.t.greeter(environment, ip, f'--pod={name}')

    def run(self, *created):
        """Their programs."""
        for name, ip, environment in created:
            self.pods[name] = self.start(name, ip, environment)
        return [name for name, _, _ in created]

    def wait_registered(self, names, seconds=30):
        for name in names:
            registered(self.t, self.namespace, name, seconds)

    def changed(self, what, when=None):
        self.changes.append(calls.Change(when or time.monotonic(), what, frozenset(self.pods)))
        time.sleep(STEADY)

    def add(self, count, what):
        self.wait_registered(self.run(*[self.create() for _ in range(count)]))
        self.changed(what)

    def delete(self, names):
        """As somebody who scales down: the API server knows, kubelet sends the signal at once."""
        for name in names:
            self.t.api.delete(api.pod_path(self.namespace, name), grace=30)
        self.terminate(names)

    def terminate(self, names):
        for name in names:
            program = self.pods.pop(name)
            program.child.send_signal(signal.SIGTERM)
            self.dying.append((name, program))

    def remove(self, names, what):
        when = time.monotonic()
        self.delete(names)
        self.changed(what, when)

    def bury(self):
        """Those that were told to stop have drained and ended well; kubelet says they are gone."""
        for name, program in self.dying:
            program.child.wait(40)
            check(program.stop() == 0, f'{name}: {program.output()}')
            self.t.api.delete(api.pod_path(self.namespace, name))
        self.dying.clear()

    def call(self):
        path = self.t.path('calls.tsv')
        self.caller = self.t.start(Program, 'caller', self.t.reader(self.namespace),
                                   f'--rate={RATE}', 'greeter', path)
        time.sleep(1)
        self.changed('start')
        return path

    def replace_all(self):
        """One at a time, and never fewer than there were: maxSurge 1, maxUnavailable 0."""
        for number, name in enumerate(list(self.pods), 1):
            self.add(1, f'+{number}')
            self.remove([name], f'−{number}')
        self.bury()

    def answering(self, path, seconds):
        """Waits until each pod that serves has answered of late."""
        begin = time.monotonic()
        wait_for(lambda: set(self.pods) <= {call.pod for call in calls.read(path)
                                            if call.when > begin}, seconds, 'calls to every pod')

    def outage(self, path, created, leaving):
        """The API server is dead when nodes start these pods and end those: nobody is told."""
        self.t.bed.server.stop(signal.SIGKILL)
        self.changed('off')
        self.t.stack.callback(self.restart)
        self.terminate(leaving)
        for name, program in self.dying:
            program.child.wait(40)
        if leaving:
            self.changed(f'ended {len(leaving)}')
        late = {name: self.start(name, ip, environment) for name, ip, environment in created}
        time.sleep(120 if self.t.long else 10)
        self.restart()
        self.wait_registered(late, 60)
        self.bury()
        self.pods.update(late)
        when = time.monotonic()
        self.answering(path, BACK)
        self.changed('on', when)

    def restart(self):
        if self.t.bed.server.pid() is None:
            self.t.bed.server.run()

    def finish(self, path, name):
        """No call failed, and the shares were even soon after each change."""
        time.sleep(1)
        end = time.monotonic()
        self.caller.child.stdin.close()
        said = self.caller.says('^([0-9]+) calls, ([0-9]+) failed', 30)
        made = calls.read(path)
        DRAWN.append((name, made, self.changes))
        failures = [f'{call.when - made[0].when:.2f} s: {call.why}' for call in made if call.why]
        ends = [change.when for change in self.changes[1:]] + [end]
        times = [calls.settled(made, change, until) for change, until in zip(self.changes, ends)]
        took = sorted(call.took_ms for call in made)
        seconds = sorted(took for took, change in zip(times, self.changes)
                         if took is not None and change.what != 'on')
        back = [f', {took:.2f} s after the API server was back'
                for took, change in zip(times, self.changes) if took is not None and change.what == 'on']
        never = times.count(None)
        print(f'{name}: {said[0]}; a call took at most {took[-1]:.0f} ms, p99 '
              f'{took[len(took) * 99 // 100]:.1f} ms; {len(times)} changes, even after at most '
              f'{seconds[-1] if seconds else -1:.2f} s (wanted: {SETTLED:.0f} s)'
              f'{"".join(back)}; {never} never', flush=True)
        check(not failures and said[2] == '0', f'{len(failures)} failed: {failures[:5]}')
        check(len(made) > RATE * (end - self.changes[0].when) * 0.9,
              f'only {len(made)} calls: the rate was not kept')
        for change, took in zip(self.changes, times):
            limit = BACK if change.what == 'on' else HARD
            check(took is not None and took <= limit,
                  f'“{change.what}”: not even within {limit:.0f} s; shares: '
                  f'{calls.shares(made, change)}')


def started(t, count):
    rollout = Rollout(t)
    rollout.wait_registered(rollout.run(*[rollout.create() for _ in range(count)]))
    return rollout, rollout.call()


@case(1, 'rolling-replacement-of-five')
def replacement(t):
    rollout, path = started(t, 5)
    rollout.replace_all()
    rollout.finish(path, 'rolling replacement')


@case(2, 'scale-from-2-to-10-to-2')
def scale(t):
    rollout, path = started(t, 2)
    rollout.add(8, '2 → 10')
    rollout.remove(list(rollout.pods)[:8], '10 → 2')
    rollout.bury()
    rollout.finish(path, 'scale')


@case(3, 'replacement-while-the-api-server-is-away')
def replacement_offline(t):
    rollout, path = started(t, 5)
    old = list(rollout.pods)
    rollout.add(1, '+1')
    rollout.remove(old[:1], '−1')
    rollout.outage(path, [rollout.create() for _ in range(4)], old[1:3])
    rollout.remove(old[3:], '−2')
    rollout.bury()
    rollout.finish(path, 'replacement, API server away')


@case(4, 'scale-while-the-api-server-is-away')
def scale_offline(t):
    """From 2 to 10 and back, and both times it goes when half of that is done."""
    rollout, path = started(t, 2)
    rollout.add(4, '2 → 6')
    rollout.outage(path, [rollout.create() for _ in range(4)], [])
    old = list(rollout.pods)[:8]
    rollout.remove(old[:4], '10 → 6')
    rollout.outage(path, [], old[4:])
    rollout.finish(path, 'scale, API server away')


def main(build, arguments):
    draw = '--plot' in arguments
    status = harness.main(build, [argument for argument in arguments if argument != '--plot'])
    if draw and DRAWN:
        plot.draw(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'calls.svg'), DRAWN)
    return status


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], sys.argv[2:]))
