"""`headwater bench latency`: event → score → segment → journey → mail accepted by SMTP, through the real processes,
with a hundred living segments and twenty journeys.

The traffic of a site: one event in ten makes a journey send a mail at once, the others are what people do all day; all
are of people who are known, the dearer kind. The clock runs from the moment a request is sent until a real SMTP server
has accepted its mail. Generator and SMTP server are processes of their own, and share the machine with everything else.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.core import clock
from headwater.core.registry import benches

from . import processes
from .journeys import number_of

if TYPE_CHECKING:
    from .scenario import Shot

Progress = Callable[[str], None]
#: Events before the clock starts, at the same rate: seconds of them
WARM = 4
#: How long mails may take after the last event, in seconds, and how many events a second are caught up with at least
#: after a stretch that was too much (`--rate 3000`)
PATIENCE, CATCHING_UP = 60.0, 50
HERE = Path(__file__).parent
Awaited = tuple[str, int]


class Sink:
    """The SMTP server (sink.py): when it accepted each mail that somebody waits for, and how many others."""

    def __init__(self) -> None:
        self.accepted: dict[Awaited, float] = {}
        self.mails = 0
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "sink.py")], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            at, to, subject = line.rstrip("\n").split(" ", 2)
            self.mails += 1
            self.accepted[to, number_of(subject)] = float(at)

    def wait(self, awaited: Sequence[Awaited], seconds: float) -> None:
        """Until all of these are there, or so long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(one not in self.accepted for one in awaited):
            time.sleep(0.05)


@dataclass
class Sent:
    """What the generator says of a stretch of traffic: shots, when each left, its answer in ms (None: refused)."""

    shots: Sequence[Shot]
    at: list[float]
    answered: list[float | None]
    cpu: float

    def waits(self, sink: Sink) -> list[float]:
        """Milliseconds from request to mail, for each that came."""
        return sorted(
            (sink.accepted[shot.awaits] - at) * 1000
            for shot, at in zip(self.shots, self.at, strict=True)
            if shot.awaits in sink.accepted
        )


def latency(args: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """See the module."""
    from . import scenario

    scenario.prepare(args.contacts, args.segments, args.journeys, progress)
    wanted, warm = args.events or args.rate * args.seconds, args.rate * WARM
    site, shots = scenario.traffic(args.contacts, warm + wanted, args.journeys, int(time.time()))
    sink = Sink()
    port = _free_port()
    environment = {**os.environ, "HEADWATER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}"}
    environment |= {"HEADWATER_LOG_LEVEL": "WARNING", "HEADWATER_INTAKE_RATE": "0"}
    web, worker = [
        subprocess.Popen([sys.executable, "-m", "headwater", *argv], env=environment, stdout=sys.stderr)
        for argv in (["serve", "--port", str(port)], ["work"])
    ]
    try:
        _wait(port)
        time.sleep(3)  # the worker's first pass
        sink.wait(_awaited(_send(port, shots[:warm], args.rate).shots), PATIENCE)
        progress(f"sending {wanted} events at {args.rate} a second")
        began, mails, meters = clock.now(), sink.mails, _Meters(web.pid, worker.pid, sink.process.pid)
        sent = _send(port, shots[warm:], args.rate)
        backlog = _backlog()
        ended, patience = time.monotonic(), max(PATIENCE, wanted / CATCHING_UP)
        sink.wait(_awaited(sent.shots), patience)
        spent = meters.read() | {"generator": sent.cpu}
        _settle(patience)
        caught_up = time.monotonic() - ended
    finally:
        for child in (web, worker):
            child.send_signal(signal.SIGTERM)
        for child in (web, worker):
            child.wait(20)
    recorded = _recorded(site, began, len(sent.shots))
    figures = _figures(sent, sink, recorded, sink.mails - mails) | {"caught_up_s": round(caught_up, 1)}
    progress("measuring the reference: one commit and one SMTP transaction")
    reference = {
        "intake_answer_p95_ms": _quantile(sorted(a for a in sent.answered if a is not None), 0.95),
        "commit_p95_ms": _commits(),
        "smtp_p95_ms": asyncio.run(_smtp(sink.port)),
    }
    sink.process.terminate()
    return {
        "size": {
            "contacts": args.contacts, "facts": args.contacts * scenario.PAST, "segments": args.segments,
            "journeys": args.journeys, "events": len(sent.shots), "rate": args.rate,
        },
        "figures": figures | {f"backlog_{name}": count for name, count in backlog.items()} | _cpu(spent, len(sent.at)),
        "reference": reference,
        "ratios": {},
    }  # fmt: skip


def _figures(sent: Sent, sink: Sink, recorded: int, mails: int) -> dict[str, Any]:
    waits, awaited = sent.waits(sink), _awaited(sent.shots)
    answers = sorted(a for a in sent.answered if a is not None)
    return {
        "p50_ms": _quantile(waits, 0.50),
        "p95_ms": _quantile(waits, 0.95),
        "p99_ms": _quantile(waits, 0.99),
        "max_ms": round(waits[-1], 1) if waits else None,
        "events_per_s": round((len(sent.at) - 1) / (max(sent.at) - min(sent.at)), 1),
        "answer_p50_ms": _quantile(answers, 0.50),
        "answer_p99_ms": _quantile(answers, 0.99),
        "events_accepted": len(answers),
        "events_missing": len(sent.shots) - recorded,
        "mails_awaited": len(awaited),
        "mails_missing": len(awaited) - len(waits),
        "mails_besides": mails - len(waits),
    }


def _cpu(spent: dict[str, float], events: int) -> dict[str, float]:
    """CPU seconds of each part, and milliseconds of all of them for each event."""
    total = sum(spent.values())
    return {f"cpu_{name}_s": round(s, 2) for name, s in spent.items()} | {
        "cpu_ms_per_event": round(total / events * 1000, 3)
    }


class _Meters:
    """CPU seconds from now on, part by part."""

    def __init__(self, web: int, worker: int, sink: int) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid(), inet_server_addr() IS NULL")
            pid, local = cursor.fetchone()
        self.parts = {"collector": web, "sink": sink}
        self.parts |= dict(zip(("engine", "delivery"), processes.children(worker), strict=False))
        if local:
            self.parts["postgres"] = processes.parent(pid)
        self.before = {name: processes.cpu(pid) for name, pid in self.parts.items()}

    def read(self) -> dict[str, float]:
        return {name: processes.cpu(pid) - self.before[name] for name, pid in self.parts.items()}


def _awaited(shots: Sequence[Shot]) -> list[Awaited]:
    return [shot.awaits for shot in shots if shot.awaits is not None]


def _send(port: int, shots: Sequence[Shot], rate: int) -> Sent:
    """Have the generator send them. Raises RuntimeError where it fails."""
    with tempfile.NamedTemporaryFile(suffix=".requests") as file:
        file.write(b"".join(len(s.request).to_bytes(4, "big") + s.request for s in shots))
        file.flush()
        before = os.times()
        command = [sys.executable, str(HERE / "load.py"), str(port), str(rate), file.name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=len(shots) / rate + 120)
        after = os.times()
    if done.returncode:
        raise RuntimeError(f"load generator: {done.stderr.strip()[-500:]}")
    said = json.loads(done.stdout)
    if said["refused"]:
        raise RuntimeError(f"{said['refused']} events were refused: {said['words']}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Sent(shots, said["sent"], said["answered"], cpu)


def _quantile(values: list[float], q: float) -> float | None:
    return round(values[min(len(values) - 1, int(q * len(values)))], 1) if values else None


def _backlog() -> dict[str, int]:
    """What waits at this moment: rows of the intake, places of the lanes that a reaction has before it, mails."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM capture_intake), (SELECT coalesce(max(n), 0) FROM (SELECT sum(l.head - "
            "p.seq) AS n FROM timeline_lane l JOIN timeline_laneposition p USING (lane_key) GROUP BY p.consumer) x), "
            "(SELECT count(*) FROM messaging_outbox)"
        )
        return dict(zip(("intake", "lanes", "outbox"), map(int, cursor.fetchone()), strict=True))


def _settle(patience: float) -> None:
    """Until nothing of the intake and the lanes is left: events that cause no mail may come last."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        left = _backlog()
        if not left["intake"] and not left["lanes"]:
            return
        time.sleep(0.2)


def _recorded(site: str, began: datetime, most: int) -> int:
    """Events of the stretch that are facts now."""
    from django.db import connection

    from headwater.capture.models import Site

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM timeline_fact WHERE recorded_at >= %s AND at >= %s - interval '1 minute' "
            "AND data ->> 'site' = %s",
            [began, began, str(Site.objects.get(public_key=site).pk)],
        )
        return min(most, int(cursor.fetchone()[0]))


def _free_port() -> int:
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
