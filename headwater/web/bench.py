"""`headwater bench latency`: page view → score → segment → journey → mail accepted by SMTP, through the real processes.

Each event is the page view of a person of her own; the clock runs from the moment her request is sent until a real SMTP
server (a small one in this process) has accepted her mail.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from headwater.core.registry import benches

Progress = Callable[[str], None]
RATE = 200  # page views a second
MAIL = """<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ contact.first_name | default("there") }},
  shall we talk? <a href="https://bench.example/call">Yes</a></mj-text>
  <mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>"""
CONNECTIONS = 16


class Sink:
    """An SMTP server that accepts everything and writes down when. PIPELINING, 8BITMIME; loopback only."""

    def __init__(self) -> None:
        self.accepted: dict[str, float] = {}
        self.port = 0
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait()

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._talk, "127.0.0.1", 0, limit=2**20))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink ESMTP\r\n")
        to: list[str] = []
        try:
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb == b"EHLO":
                    writer.write(b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
                elif verb == b"RCPT":
                    to.append(line.split(b"<")[1].split(b">")[0].decode())
                    writer.write(b"250 ok\r\n")
                elif verb == b"DATA":
                    writer.write(b"354 go\r\n")
                    await reader.readuntil(b"\r\n.\r\n")
                    now = time.perf_counter()
                    self.accepted |= dict.fromkeys(to, now)
                    to = []
                    writer.write(b"250 accepted\r\n")
                elif verb == b"QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                else:
                    writer.write(b"250 ok\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


def latency(args: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """See the module. args.events page views by as many people, beside args.contacts who do nothing."""
    run = f"{int(time.time()):x}"
    progress(f"preparing {args.events} people and a journey")
    site, tokens = _prepare(args, run, progress)
    sink = Sink()
    port = _free_port()
    environment = {
        **os.environ,
        "HEADWATER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}",
        "HEADWATER_LOG_LEVEL": "WARNING",
    }
    children = [
        subprocess.Popen([sys.executable, "-m", "headwater", *argv], env=environment, stdout=sys.stderr)
        for argv in (["serve", "--port", str(port)], ["work"])
    ]
    try:
        _wait(port)
        time.sleep(3)  # the worker's first pass
        warm = tokens[: min(200, len(tokens) // 10)]
        asyncio.run(_send(port, site, warm, RATE))
        _until(sink, len(warm), 30)
        progress(f"sending {len(tokens) - len(warm)} page views at {RATE} a second")
        measured = tokens[len(warm) :]
        began = time.perf_counter()
        sent, answered = asyncio.run(_send(port, site, measured, RATE))
        took = time.perf_counter() - began
        _until(sink, len(tokens), 60)
    finally:
        for child in children:
            child.send_signal(signal.SIGTERM)
        for child in children:
            child.wait(20)
    waits = sorted((sink.accepted[mail] - at) * 1000 for mail, at in sent.items() if mail in sink.accepted)
    progress("measuring the reference: one commit and one SMTP transaction")
    return {
        "size": {"contacts": args.contacts, "events": len(measured), "rate": RATE},
        "figures": {
            "p50_ms": _quantile(waits, 0.50),
            "p95_ms": _quantile(waits, 0.95),
            "p99_ms": _quantile(waits, 0.99),
            "max_ms": round(waits[-1], 1) if waits else None,
            "events_per_s": round(len(measured) / took, 1),
            "mails_missing": len(measured) - len(waits),
        },
        "reference": {
            "intake_answer_p95_ms": _quantile(sorted(answered), 0.95),
            "commit_p95_ms": _commits(),
            "smtp_p95_ms": asyncio.run(_smtp(sink.port)),
        },
        "ratios": {},
    }


def _quantile(values: list[float], q: float) -> float | None:
    return round(values[min(len(values) - 1, int(q * len(values)))], 1) if values else None


def _prepare(args: argparse.Namespace, run: str, progress: Progress) -> tuple[str, list[tuple[str, str]]]:
    """The people (known visitors with consent), the site, segment, mail and journey. Returns the site's key and for
    each person (visitor token, address)."""
    from headwater.audience.actions import create_segment
    from headwater.audience.models import Segment
    from headwater.capture.actions.sites import create_site
    from headwater.capture.rules import visitor_id
    from headwater.journeys.actions import create_journey, publish
    from headwater.journeys.models import Journey
    from headwater.messaging.actions.templates import TemplateText, create_template
    from headwater.people.actions.consent import ConsentChange, set_consents
    from headwater.people.actions.identify import Identity, identify

    site = create_site(name=f"Bench {run}", actor="system").public_key
    warm = Segment.objects.filter(key="bench-warm").first()
    if warm is None:
        warm = create_segment(
            name="Warm", key="bench-warm", definition={"score": "engagement", "op": "gte", "value": 20}, actor="system"
        )
    if not Journey.objects.filter(name="Bench").exists():
        mail = create_template(
            name="Bench", says=TemplateText(subject="You looked at prices", mjml=MAIL), actor="system"
        )
        steps = {"mail": {"kind": "send_email", "title": "", "settings": {"template": mail.pk}, "next": None}}
        journey = create_journey(
            name="Bench",
            actor="system",
            graph={
                "entry": [{"kind": "segment", "segment": warm.pk}],
                "reentry": {"rule": "once"},
                "goal": None,
                "exits": [],
                "start": "mail",
                "steps": steps,
            },
        )
        publish(journey.pk, actor="system")
    people: list[tuple[str, str]] = []
    for start in range(0, args.events + args.contacts, 2000):
        chunk = range(start, min(start + 2000, args.events + args.contacts))
        tokens = [f"bench-{run}-{n}" for n in chunk]
        mails = [f"{token}@example.com" for token in tokens]
        found = identify(
            [
                Identity(email=mail, visitor_id=visitor_id(token), fields={"first_name": "Kim"})
                for token, mail in zip(tokens, mails, strict=True)
            ]
        )
        set_consents([ConsentChange(pk, "email", "granted") for pk in found.values()], actor="system")
        people += [(token, mail) for n, token, mail in zip(chunk, tokens, mails, strict=True) if n < args.events]
    _catch_up(progress)
    return site, people


def _catch_up(progress: Progress) -> None:
    """Let every reaction hear about the new people before the clock starts."""
    from headwater.core.registry import loops

    engine = sorted((loop for loop in loops if loop.thread == "engine"), key=lambda loop: loop.order)
    progress("letting reactions catch up")
    while sum(loop.run_once() for loop in engine):
        pass


def _free_port() -> int:
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _wait(port: int) -> None:
    from headwater.core.serve import port_in_use

    deadline = time.monotonic() + 90
    while not port_in_use("127.0.0.1", port):
        if time.monotonic() > deadline:
            raise RuntimeError("the web server did not start")
        time.sleep(0.05)


def _until(sink: Sink, count: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while len(sink.accepted) < count and time.monotonic() < deadline:
        time.sleep(0.05)


async def _send(port: int, site: str, people: list[tuple[str, str]], rate: int) -> tuple[dict[str, float], list[float]]:
    """Post page views at an even rate over kept-alive connections. Returns when each was sent, and how long each
    answer took (ms)."""
    sent: dict[str, float] = {}
    answered: list[float] = []
    queue: asyncio.Queue[tuple[str, str] | None] = asyncio.Queue()

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (person := await queue.get()) is not None:
            token, mail = person
            body = json.dumps(
                {
                    "site": site,
                    "visitor": token,
                    "lang": "en",
                    "tz": "UTC",
                    "events": [{"type": "page", "url": "https://bench.example/pricing", "title": "Pricing"}],
                }
            ).encode()
            head = (
                f"POST /t HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\n"
                "Accept-Language: en\r\n"
                "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
                f"Chrome/140.0.0.0 Safari/537.36\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            sent[mail] = time.perf_counter()
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(h.split(b":")[1]) for h in answer.lower().split(b"\r\n") if h.startswith(b"content-length")), 0
            )
            await reader.readexactly(length)
            if b" 202 " not in answer[:20]:
                raise RuntimeError(f"the collector answered {answer[:60]!r}")
            answered.append((time.perf_counter() - sent[mail]) * 1000)
        writer.close()

    workers = [asyncio.create_task(connection()) for _ in range(CONNECTIONS)]
    start = time.perf_counter()
    for number, person in enumerate(people):
        pause = start + number / rate - time.perf_counter()
        if pause > 0:
            await asyncio.sleep(pause)
        queue.put_nowait(person)
    for _ in workers:
        queue.put_nowait(None)
    await asyncio.gather(*workers)
    return sent, answered


def _commits() -> float | None:
    """p95 of one small INSERT with its commit, in ms: what the disk asks for each hop."""
    from django.db import connection

    times = []
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_commit (n bigint)")
        for number in range(300):
            began = time.perf_counter()
            cursor.execute("INSERT INTO bench_commit VALUES (%s)", [number])
            times.append((time.perf_counter() - began) * 1000)
        cursor.execute("DROP TABLE bench_commit")
    return _quantile(sorted(times), 0.95)


async def _smtp(port: int) -> float | None:
    """p95 of one SMTP transaction with the sink on an open connection, in ms."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    times = []
    await reader.readline()
    for number in range(300):
        began = time.perf_counter()
        writer.write(f"MAIL FROM:<a@b.c>\r\nRCPT TO:<reference{number}@b.c>\r\nDATA\r\n".encode())
        for _ in range(3):
            await reader.readline()
        writer.write(b"Subject: x\r\n\r\nx\r\n.\r\n")
        await reader.readline()
        times.append((time.perf_counter() - began) * 1000)
    writer.close()
    return _quantile(sorted(times), 0.95)


benches.add("latency", latency)
