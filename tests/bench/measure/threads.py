# SPDX-License-Identifier: Apache-2.0
"""From one loop thread on one core to two on two.

The load needs a core as well, and where there are two in all, calls a second say more about who
gets them. So what is compared is the server's CPU a call: two threads that get into each other's
way take more of it than one. Calls a second of CPU, times the threads, is what they could do.
"""
import os
import statistics

import unary

SHAPE = 'unary-32x50'
CONNECTIONS = {SHAPE: (32, 50)}


def scaling(bench, kind, scenario):
    unary.SHAPES.update(CONNECTIONS)
    calls = bench.calls(kind.calls)
    possible = {}
    for threads in (1, 2):
        cores = set(range(min(threads, os.cpu_count())))
        capacity, busiest = [], []
        with kind.start(cpus=cores, threads=threads) as server:
            unary.load(server, SHAPE, calls // 10, bench.body, cpus={0, 1})
            for _ in range(bench.runs):
                before = server.threads_cpu_seconds()
                answered, _, used = unary.load(server, SHAPE, calls, bench.body, cpus={0, 1})
                shares = [now - before.get(task, 0)
                          for task, now in server.threads_cpu_seconds().items()]
                capacity.append(threads * answered / used)
                busiest.append(100 * max(shares) / used)
        possible[threads] = statistics.median(capacity)
        bench.emit(kind.name, scenario, f'{threads}_threads_calls_per_second', possible[threads],
                   '1/s', capacity)
    bench.emit(kind.name, scenario, 'busiest_thread_percent', statistics.median(busiest), '%')
    bench.emit(kind.name, scenario, 'scaling', possible[2] / possible[1], 'x')
