# SPDX-License-Identifier: Apache-2.0
"""The instructions of a call, counted by callgrind: tests/bench/instructions."""
import os
import re
import subprocess
import sys

FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def recorded():
    with open(os.path.join(FOLDER, 'instructions.txt')) as file:
        return int(file.read().split()[-1])


def measure(bench, kind, name):
    if kind.name != 'micro':
        return
    counted = subprocess.run([os.path.join(FOLDER, 'instructions')], env={**os.environ, 'abs_top_builddir': bench.build},
                             stdout=subprocess.PIPE, text=True, check=False)
    if counted.returncode:
        print(f'instructions: {counted.stdout.strip()}', file=sys.stderr)
        return
    bench.emit('micro', name, 'per_call', float(re.match(r'(\d+) ', counted.stdout)[1]), 'instructions')
