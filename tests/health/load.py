# SPDX-License-Identifier: Apache-2.0
# load.py PORT RATE SECONDS SLOW: RATE requests a second for /health while SLOW clients dawdle. Every
# request must be answered with 200. Says how long that took; fails if one was not answered.
import asyncio
import sys
import time

port, rate, seconds, n_slow = (int(word) for word in sys.argv[1:5])
CLIENTS = 10
PATIENCE = 20
times, problems = [], []


async def dawdle():
    """Sends a request a byte at a time; connects again when it is sent away."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for byte in b"GET /health HTTP/1.1\r\nHost: slow\r\nX: " + b"x" * 1000:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.2)
        except OSError:
            await asyncio.sleep(0.1)


async def ask(index):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begin = time.monotonic()
    for i in range(rate * seconds // CLIENTS):
        await asyncio.sleep(max(0, begin + i * CLIENTS / rate - time.monotonic()))
        start = time.monotonic()
        writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        body = await asyncio.wait_for(reader.readexactly(2), PATIENCE)
        times.append(time.monotonic() - start)
        if not head.startswith(b"HTTP/1.1 200 ") or body != b"OK":
            problems.append(head)
    writer.close()


async def main():
    slow = [asyncio.create_task(dawdle()) for _ in range(n_slow)]
    await asyncio.sleep(1)
    start = time.monotonic()
    results = await asyncio.gather(*(ask(i) for i in range(CLIENTS)), return_exceptions=True)
    took = time.monotonic() - start
    problems.extend(repr(result) for result in results if result is not None)
    for task in slow:
        task.cancel()
    times.sort()
    p99 = times[len(times) * 99 // 100] * 1000 if times else 0
    print(f"{len(times)} answers, {len(times) / took:.0f}/s, p99 {p99:.1f} ms, {n_slow} slow clients")
    if problems or len(times) < rate * seconds // CLIENTS * CLIENTS:
        sys.exit(f"{len(problems)} problems: {problems[:3]}")


asyncio.run(main())
