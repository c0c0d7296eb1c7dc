# SPDX-License-Identifier: Apache-2.0
"""What a call costs its caller: the three clients, each at the same server, which is micro's.

Client CPU is what getrusage() says of the measured calls alone, without start and warm-up.
"""
import statistics
import subprocess

from server import pin

# Kind, connections, calls in flight on each, bytes of the message.
SHAPES = {
    'client-unary-1x1': ('unary', 1, 1, 14),
    'client-unary-1x100': ('unary', 1, 100, 14),
    'client-unary-10x100': ('unary', 10, 100, 14),
    'client-unary-200x1': ('unary', 200, 1, 14),
    'client-stream-1x1': ('chat', 1, 1, 14),
    'client-stream-1x100': ('chat', 1, 100, 14),
    'client-stream-10x100': ('chat', 10, 100, 14),
    'client-mib-1x1': ('unary', 1, 1, (1 << 20) - 4),
    'client-mib-4x2': ('unary', 4, 2, (1 << 20) - 4),
}


def measure(bench, kind, scenario):
    method, connections, in_flight, size = SHAPES[scenario]
    calls = bench.calls(2000 if size > 14 else 50000 if scenario.endswith('1x1') else 200000)
    cpu, rate = [], []
    # Each connection of a client goes to an address of its own.
    with bench.kinds['micro'].start(host='0.0.0.0') as server:
        for _ in range(bench.runs):
            output = subprocess.run(
                [kind.client, str(server.port), method, str(connections), str(in_flight),
                 str(calls), str(size)], check=True, stdout=subprocess.PIPE, text=True,
                preexec_fn=lambda: pin({1}), timeout=600).stdout
            answered, seconds, used = (float(field) for field in output.split())
            cpu.append(used / answered * 1e6)
            rate.append(answered / seconds)
    noun = 'message' if method == 'chat' else 'call'
    bench.emit(kind.name, scenario, f'client_cpu_us_per_{noun}', statistics.median(cpu), 'us', cpu)
    if size > 14:
        rate = [value * 1.048576 for value in rate]
        bench.emit(kind.name, scenario, 'mb_per_second', statistics.median(rate), 'MB/s', rate)
    else:
        bench.emit(kind.name, scenario, f'{noun}s_per_second', statistics.median(rate), '1/s', rate)
