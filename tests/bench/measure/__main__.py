# SPDX-License-Identifier: Apache-2.0
"""Called by tests/bench/run: measures each server and client, and prints the figures.

A server has CPU 0 to itself, the load CPU 1, unless a scenario is about more cores. Server CPU is
utime + stime of /proc/PID/stat over the calls answered; figures are medians of RUNS, with the
spread beside.
"""
import argparse
import json
import os
import sys
import tempfile

import clients
import echo
import idle
import instructions
import server
import streams
import table
import threads
import tls
import unary
import wire

# Scenario → what measures it; those of unary.FIRST share a server and come first.
SCENARIOS = {
    **{name: unary.more for name in unary.MORE},
    **{name: unary.mib for name in unary.MIB},
    'idle-connections': idle.connections,
    'idle-streams': idle.streams,
    **{name: streams.streams for name in streams.SHAPES},
    'half-load-8': streams.half_load,
    'tls-handshakes': tls.handshakes,
    'threads': threads.scaling,
    'echo-1x1': echo.measure,
    'instructions': instructions.measure,
    **{name: clients.measure for name in clients.SHAPES},
}
ALL = ['start', 'rss', *unary.FIRST, *SCENARIOS]


class Bench:
    """What the scenarios share: how much, where, and where to say it."""

    runs = 3

    def __init__(self, options, directory):
        self.quick = options.quick
        self.format = options.format
        self.directory = directory
        self.build = options.build
        self.body = os.path.join(directory, 'body')
        with open(self.body, 'wb') as file:
            file.write(wire.REQUEST)
        self.figures, self.spreads = {}, {}

    def calls(self, n):
        return n // 10 if self.quick else n

    def emit(self, name, scenario, metric, value, unit, spread=None):
        self.figures[name, scenario, metric] = value
        self.spreads[name, scenario, metric] = spread
        if self.format == 'jsonl':
            print(json.dumps({'server': name, 'scenario': scenario, 'metric': metric,
                              'value': round(value, 3), 'unit': unit}), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('-o', dest='format', choices=('table', 'jsonl'), default='table')
    parser.add_argument('--quick', action='store_true', help='a tenth of the calls')
    parser.add_argument('--servers', default='micro,grpc-c++,grpc-go')
    parser.add_argument('--scenario', action='append', help='only these, by commas')
    options = parser.parse_args()

    wanted = ','.join(options.scenario or ALL).split(',')
    for name in wanted:
        if name not in ALL:
            sys.exit(f'no scenario “{name}”: there are {", ".join(ALL)}')
    names = options.servers.split(',')
    with tempfile.TemporaryDirectory() as directory:
        runtime = os.path.join(directory, 'run')
        os.mkdir(runtime, 0o700)
        bench = Bench(options, directory)
        bench.kinds = kinds = server.kinds(options.build, runtime)
        for name in names:
            if name not in kinds:
                sys.exit(f'no server “{name}”: there are {", ".join(kinds)}')
        try:
            for name in names:
                measure(bench, kinds[name], wanted)
        finally:  # what was measured before something failed is worth seeing
            if options.format == 'table':
                table.show(bench.figures, names, bench.spreads)


def measure(bench, kind, wanted):
    if 'start' in wanted:
        unary.start(bench, kind)
    if 'rss' in wanted:
        unary.rss(bench, kind)
    first = [name for name in unary.FIRST if name in wanted]
    if first:
        unary.first(bench, kind, first)
    for name, function in SCENARIOS.items():
        if name in wanted:
            function(bench, kind, name)


main()
