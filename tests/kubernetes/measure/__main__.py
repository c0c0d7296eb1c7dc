# SPDX-License-Identifier: Apache-2.0
"""Called by tests/kubernetes/bench: measures our registry and client-go's informer, prints figures.

Whoever is measured is alone with the API server; CPU is utime + stime of /proc/PID/stat, memory
VmRSS and VmHWM.  Figures are medians of RUNS, with the spread beside.
"""
import argparse
import json
import os
import shutil
import signal
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
import api  # noqa: E402
import clients  # noqa: E402
import events  # noqa: E402
import idle  # noqa: E402
import latency  # noqa: E402
import load  # noqa: E402
import restart  # noqa: E402
import sync  # noqa: E402
import table  # noqa: E402
from bed import Bed  # noqa: E402
from harness import TOOLS, Case  # noqa: E402

SCENARIOS = {
    'sync-pods': sync.pods,
    'sync-endpoints': sync.endpoints,
    'change-record': latency.record,
    'change-ready': latency.ready,
    'change-slice': latency.slices,
    'change-busy': latency.busy,
    'events': events.events,
    'restart': restart.short,
    'restart-30s': restart.long,
    'idle': idle.idle,
    'idle-cluster': idle.quiet,
}
SERVICES = 1000
TOOLS.update({'watcher': 'tests/kubernetes/watcher', 'client-go': 'peers/kubernetes-client-go'})


class Bench:
    """What the scenarios share: how much, where, and where to say it."""

    def __init__(self, options, case):
        self.quick, self.format, self.case = options.quick, options.format, case
        self.runs = 1 if options.quick else 3
        self.services = self.some(SERVICES)
        self.figures, self.spreads = {}, {}
        self.clients = [clients.Client(self, name) for name in options.clients]
        self.environments = {}
        for name in (load.NAMESPACE, load.QUIET):
            api.make_namespace(case.api, name)
            self.environments[name] = case.reader(name, load.RULES)
            self.environments[name].pop('MICRO_PLUGIN_PATH')  # all is linked in
        case.pod(load.QUIET, 'pod', **api.published(api.record(load.PROBE, '10.250.0.1:8080')))
        self.load = load.Load(self)

    def some(self, n):
        return n // 10 if self.quick else n

    def emit(self, name, scenario, metric, value, unit, spread=None):
        self.figures[name, scenario, metric] = value
        self.spreads[name, scenario, metric] = spread
        if self.format == 'jsonl':
            print(json.dumps({'client': name, 'scenario': scenario, 'metric': metric,
                              'value': round(value, 3), 'unit': unit}), flush=True)


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('-o', dest='format', choices=('table', 'jsonl'), default='table')
    parser.add_argument('--quick', action='store_true', help='a tenth of it')
    parser.add_argument('--clients', default=','.join(clients.NAMES))
    parser.add_argument('--scenario', action='append', help='only these, by commas')
    options = parser.parse_args()
    options.wanted = ','.join(options.scenario or SCENARIOS).split(',')
    options.clients = options.clients.split(',')
    for what, names, known in (('scenario', options.wanted, SCENARIOS),
                               ('client', options.clients, clients.NAMES)):
        for name in names:
            if name not in known:
                sys.exit(f'no {what} “{name}”: there are {", ".join(known)}')
    return options


def main():
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    bed = Bed(tempfile.mkdtemp(prefix='micro-bed-'))
    case, bench = Case(bed, options.build), None
    try:
        with case.stack:
            bench = Bench(options, case)
            print(f'Making {bench.services * load.REPLICAS} pods', file=sys.stderr, flush=True)
            bench.load.fill()
            bench.emit('all', 'load', 'bytes_per_pod', bench.load.bytes_per_pod(), 'B')
            for name, function in SCENARIOS.items():
                if name in options.wanted:
                    print(f'Measuring {name}', file=sys.stderr, flush=True)
                    function(bench, name)
    finally:  # what was measured before something failed is worth seeing
        bed.down()
        shutil.rmtree(bed.folder, ignore_errors=True)
        if bench is not None and options.format == 'table':
            table.show(bench.figures, options.clients, bench.spreads)


main()
