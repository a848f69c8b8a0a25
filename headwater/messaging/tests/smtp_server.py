"""A real SMTP server for tests, with a will of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


@dataclass
class Server:
    """What arrived, and what to answer: `refuse(recipient)` and `after_data(recipient)` give a reply or None."""

    port: int = 0
    pipelining: bool = True
    mails: list[tuple[str, bytes]] = field(default_factory=list)
    sessions: int = 0
    refuse: Callable[[str], str | None] = lambda recipient: None
    after_data: Callable[[str], str | None] = lambda recipient: None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # type: ignore[no-untyped-def]
        session.host_name = hostname
        self.sessions += 1
        return [*responses[:-1], "250-PIPELINING", responses[-1]] if self.pipelining else responses

    async def handle_RCPT(self, server, session, envelope, address, options):  # type: ignore[no-untyped-def]
        answer = self.refuse(address)
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # type: ignore[no-untyped-def]
        answer = self.after_data(envelope.rcpt_tos[0])
        if answer == "cut before keeping":
            server.transport.abort()
            return "250 OK"
        self.mails.append((envelope.rcpt_tos[0], envelope.original_content))
        if answer == "cut":
            server.transport.abort()
            return "250 OK"
        return answer or "250 2.0.0 kept"


@contextmanager
def running(server: Server) -> Iterator[Server]:
    class Own(Controller):
        def factory(self) -> SMTP:
            return SMTP(self.handler, enable_SMTPUTF8=True, hostname="test.example")

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = server.port or probe.getsockname()[1]
    controller = Own(server, hostname="127.0.0.1", port=port)
    controller.start()
    server.port = port
    try:
        yield server
    finally:
        controller.stop()


@contextmanager
def script(*turns: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server that plays a fixed part: each turn is sent once something has come in (the first at once); after the
    last one the line is cut. Gives (port, what came in)."""
    heard: list[bytes] = []
    ready = threading.Event()
    port: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, turn in enumerate(turns):
            if number:
                data = await reader.read(65536)
                if not data:
                    break
                heard.append(data)
            writer.write(turn)
            await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.abort()

    loop = asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        made = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
        port.append(made.sockets[0].getsockname()[1])
        ready.set()
        loop.run_forever()
        made.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait(5)
    try:
        yield port[0], heard
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
