# SPDX-License-Identifier: Apache-2.0
"""Runs the attacks against one server: attack.py plain|tls PORT PID [CA]."""
import re
import ssl
import sys
import time

import attacks
import wire

MAX_RSS_MB = 96  # 16 that a connection may hold, thrice: raw, unpacked, answered; and the server
MAX_WAIT = 5  # s, for one call of somebody else; machines that build are noisy


def peak_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) // 1024


def forget_peak(pid):
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def run(name, attack, port, pid, context):
    forget_peak(pid)
    bystander = wire.Bystander(port, context)
    bystander.start()
    begun = time.monotonic()
    try:
        problem = attack(port)
    except (OSError, AssertionError) as error:
        problem = f"{type(error).__name__}: {error}"
    took = time.monotonic() - begun
    time.sleep(0.1)
    bystander.end()
    peak = peak_mb(pid)
    if not problem and bystander.problem:
        problem = bystander.problem
    if not problem and bystander.calls == 0:
        problem = "nobody else was served"
    if not problem and bystander.worst > MAX_WAIT:
        problem = f"somebody else waited {bystander.worst:.1f} s"
    if not problem and peak > MAX_RSS_MB:
        problem = f"the server grew to {peak} MB, more than {MAX_RSS_MB}"
    if problem:
        print(f"failed: {name}: {problem}", flush=True)
    else:
        print(f"ok {name} ({took:.1f} s, {peak} MB, others waited {bystander.worst * 1000:.0f} ms)",
              flush=True)
    return not problem


def main():
    kind, port, pid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    context = None
    if kind == "tls":
        context = ssl.create_default_context(cafile=sys.argv[4])
        context.set_alpn_protocols(["h2"])
    only = sys.argv[4:] if kind == "plain" else []
    fine = True
    for name, attack in (attacks.PLAIN if kind == "plain" else attacks.TLS):
        if not only or name in only:
            fine = run(name, attack, port, pid, context) and fine
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
