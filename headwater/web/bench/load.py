"""Requests at an even rate: `load.py PORT RATE FILE` sends the requests in FILE (each with four bytes of length before
it) when their time has come, whether or not earlier ones are answered, and prints one JSON object:
{"sent": [...], "answered": [...], "refused": N, "words": "..."}.

`sent` are seconds on the monotonic clock, which all processes of a machine share; `answered` are milliseconds, null
where the answer was not 202. Standard library and uvloop only.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from pathlib import Path

import uvloop

CONNECTIONS = 64
#: Seconds that answers may take after the last request
PATIENCE = 60.0


class Run:
    """What all connections share."""

    def __init__(self, requests: list[bytes], port: int) -> None:
        self.requests, self.port = requests, port
        self.sent = [0.0] * len(requests)
        self.answered: list[float | None] = [None] * len(requests)
        self.left = len(requests)
        self.words = ""
        self.free: list[Client] = []
        self.due: deque[int] = deque()
        self.done = asyncio.get_running_loop().create_future()

    async def go(self, rate: float) -> None:
        """Send all, wait for the answers."""
        loop = asyncio.get_running_loop()
        for _ in range(CONNECTIONS):
            _, client = await loop.create_connection(lambda: Client(self), "127.0.0.1", self.port)
            self.free.append(client)
        start = time.monotonic()
        for number in range(len(self.requests)):
            pause = start + number / rate - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
            self.due.append(number)
            self.next()
        await asyncio.wait_for(self.done, PATIENCE)

    def next(self) -> None:
        while self.due and self.free:
            self.free.pop().ask(self.due.popleft())

    def answer(self, client: Client, number: int, ok: bool, words: bytes) -> None:
        if ok:
            self.answered[number] = (time.monotonic() - self.sent[number]) * 1000
        else:
            self.words = words[:200].decode("latin-1")
        self.left -= 1
        if not self.left and not self.done.done():
            self.done.set_result(None)
        self.free.append(client)
        self.next()


class Client(asyncio.Protocol):
    """One connection that is kept."""

    def __init__(self, run: Run) -> None:
        self.run, self.buffer, self.number = run, b"", -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.WriteTransport = transport  # type: ignore[assignment]

    def ask(self, number: int) -> None:
        self.number = number
        self.run.sent[number] = time.monotonic()
        self.transport.write(self.run.requests[number])

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer + data
        end = buffer.find(b"\r\n\r\n")
        start = buffer.lower().find(b"content-length:") + 15
        if end < 0 or len(buffer) < end + 4 + int(buffer[start : buffer.find(b"\r", start)]):
            self.buffer = buffer
            return
        self.buffer = b""
        self.run.answer(self, self.number, buffer.startswith(b"HTTP/1.1 202"), buffer)


def requests_of(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return found


async def main(port: int, rate: float, path: str) -> None:
    run = Run(requests_of(Path(path).read_bytes()), port)
    await run.go(rate)
    refused = sum(a is None for a in run.answered)
    print(json.dumps({"sent": run.sent, "answered": run.answered, "refused": refused, "words": run.words}))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]))
