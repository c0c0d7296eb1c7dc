# SPDX-License-Identifier: Apache-2.0
"""What the caller's file says: failures, and how evenly calls spread after each change."""
import collections
import json

Call = collections.namedtuple('Call', 'when took_ms pod why')  # pod or why is None
Change = collections.namedtuple('Change', 'when what pods')  # pods: all that serve from then on

WINDOW = 0.5  # seconds over which shares are compared
STEP = 0.02
TOLERANCE = 0.2  # of the even share


def read(path):
    calls = []
    with open(path, encoding='utf-8') as file:
        for line in file:
            if not line.endswith('\n'):  # is being written
                break
            when, took, result, text = line.rstrip('\n').split('\t')
            pod = json.loads(text)['msg'] if result == 'ok' else None
            calls.append(Call(float(when), float(took), pod, None if pod else text))
    return sorted(calls)


def even(calls, begin, pods):
    """Whether the calls of one window went to these pods alone, to each its share."""
    counts = collections.Counter(call.pod for call in calls if begin <= call.when < begin + WINDOW)
    share = sum(counts.values()) / len(pods)
    return share > 0 and set(counts) == set(pods) and all(
        abs(count - share) <= TOLERANCE * share for count in counts.values())


def settled(calls, change, end):
    """Seconds from a change until the shares were even; None: not before end."""
    near = [call for call in calls if change.when <= call.when < end + WINDOW]
    steps = int(max(0, end - change.when - WINDOW) / STEP)
    for step in range(steps + 1):
        if even(near, change.when + step * STEP, change.pods):
            return step * STEP
    return None


def shares(calls, change, after=1.0):
    """Of the pods, as text, in the second that begins so long after a change."""
    begin = change.when + after
    counts = collections.Counter(call.pod for call in calls if begin <= call.when < begin + 1)
    gone = {pod: 0 for pod in change.pods if pod not in counts}
    return ', '.join(f'{pod} {count}' for pod, count in sorted({**gone, **counts}.items(), key=str))
