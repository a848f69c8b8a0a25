"""A load generator on bare sockets: `load.py PORT COUNT FILE` sends COUNT of the requests in FILE (each with four
bytes of length before it) over many connections, each waiting for its answer, and prints requests a second.

Knows just enough of HTTP: answers have a Content-Length. Standard library and uvloop only.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

CONNECTIONS = 256


class Run:
    """What all connections share."""

    def __init__(self, requests: list[bytes], count: int, done: asyncio.Future[None]) -> None:
        self.requests, self.count, self.done = requests, count, done
        self.sent = self.answered = 0
        self.bad = b""


class Client(asyncio.Protocol):
    """One connection: the next request leaves when the last one is answered."""

    def __init__(self, run: Run) -> None:
        self.run, self.buffer = run, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.next()

    def next(self) -> None:
        run = self.run
        if run.sent < run.count:
            run.sent += 1
            self.transport.write(run.requests[run.sent % len(run.requests)])  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer + data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            self.buffer = buffer
            return
        start = buffer.lower().find(b"content-length:") + 15
        if len(buffer) < end + 4 + int(buffer[start : buffer.find(b"\r", start)]):
            self.buffer = buffer
            return
        self.buffer = b""
        run = self.run
        if not buffer.startswith(b"HTTP/1.1 202"):
            run.bad = buffer
            run.answered = run.count
        run.answered += 1
        if run.answered >= run.count:
            if not run.done.done():
                run.done.set_result(None)
            return
        self.next()


async def main(port: int, count: int, requests: list[bytes]) -> None:
    """Run, print, fail on an answer other than 202."""
    loop = asyncio.get_running_loop()
    run = Run(requests, count, loop.create_future())
    started = time.perf_counter()
    for _ in range(min(CONNECTIONS, count)):
        await loop.create_connection(lambda: Client(run), "127.0.0.1", port)
    await asyncio.wait_for(run.done, 500)
    took = time.perf_counter() - started
    if run.bad:
        sys.exit(run.bad.decode(errors="replace"))
    print(json.dumps({"per_s": count / took, "seconds": took}))


if __name__ == "__main__":
    data, requests = Path(sys.argv[3]).read_bytes(), []
    while data:
        length = int.from_bytes(data[:4], "big")
        requests.append(data[4 : 4 + length])
        data = data[4 + length :]
    try:
        import uvloop

        uvloop.install()
    except ImportError:
        pass
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), requests))
