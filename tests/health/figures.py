# SPDX-License-Identifier: Apache-2.0
# figures.py BUILD TARGET: what micro-health and micro-probe cost, printed and not judged.
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

build, target = sys.argv[1:3]
environment = dict(os.environ, LD_LIBRARY_PATH=f"{build}/core/.libs")
options = ["--server_name=greeter", f"--server_address={target}"]


def program(name):
    """Past libtool's script, which would be what is measured."""
    real = f"{build}/.libs/{name}"
    return real if os.path.exists(real) else f"{build}/{name}"


def memory(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        lines = dict(line.split(":", 1) for line in status)
    return int(lines["VmHWM"].split()[0])


def probe():
    start = time.perf_counter()
    subprocess.run([program("micro-probe")] + options, env=environment, check=True)
    return (time.perf_counter() - start) * 1000, probe_memory()


def probe_memory():
    """While it waits for an answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"--server_address=127.0.0.1:{listener.getsockname()[1]}"
        child = subprocess.Popen([program("micro-probe"), "--server_name=x", address],
                                 env=environment, stderr=subprocess.DEVNULL)
        connection, _ = listener.accept()
        assert connection.recv(100)
        held = memory(child.pid)
        connection.close()
        child.wait()
    return held


def sidecar():
    start = time.perf_counter()
    child = subprocess.Popen([program("micro-health"), "--health-address=127.0.0.1:0"] + options,
                             env=environment, stderr=subprocess.PIPE, text=True)
    url = child.stderr.readline().split()[3]
    took = (time.perf_counter() - start) * 1000
    for _ in range(100):
        assert urllib.request.urlopen(url).read() == b"OK"
    held = memory(child.pid)
    child.send_signal(signal.SIGTERM)
    child.wait()
    child.stderr.close()
    return took, held


for name, run in (("micro-probe, the whole run", probe), ("micro-health, until it serves", sidecar)):
    runs = [run() for _ in range(21)]
    took = sorted(one[0] for one in runs)
    print(f"{name}: {statistics.median(took):.1f} ms (best {took[0]:.1f}, wanted: 5), "
          f"RSS {max(one[1] for one in runs)} kB (wanted: 6144)")
