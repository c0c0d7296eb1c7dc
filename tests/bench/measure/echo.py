# SPDX-License-Identifier: Apache-2.0
"""The floor of one call at a time: what a TCP echo takes of CPU, which is sleeping and waking.

No server and no client can take less, whatever it does with what it reads.
"""
import os
import socket
import statistics
import subprocess

from server import cpu_of, pin

ROUND_TRIPS = 50000
NAME = 'tcp-echo'


def measure(bench, _kind, scenario):
    """Once a run: it is nobody's."""
    if any(name == NAME for name, *_ in bench.figures):
        return
    program = os.path.join(bench.build, 'bench/echo')
    count = str(bench.calls(ROUND_TRIPS))
    served, called = [], []
    for _ in range(bench.runs):
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = str(probe.getsockname()[1])
        with subprocess.Popen([program, port], stdout=subprocess.PIPE,
                              preexec_fn=lambda: pin({0})) as echo:
            try:
                echo.stdout.readline()
                client = subprocess.Popen([program, port, count], stdout=subprocess.PIPE, text=True,
                                          preexec_fn=lambda: pin({1}))
                answered, _, used = (float(field) for field in client.communicate(timeout=600)[0].split())
                os.waitid(os.P_PID, echo.pid, os.WEXITED | os.WNOWAIT)  # its figures are still there
                served.append(cpu_of(f'/proc/{echo.pid}/stat') / answered * 1e6)
                called.append(used / answered * 1e6)
            finally:
                echo.kill()
    bench.emit(NAME, scenario, 'server_cpu_us_per_round_trip', statistics.median(served), 'us', served)
    bench.emit(NAME, scenario, 'client_cpu_us_per_round_trip', statistics.median(called), 'us', called)
