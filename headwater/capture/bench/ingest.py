"""`headwater bench ingest`: what the collector takes in, beside what the machine could do at most.

single: events a second, one in each request, against the same server answering 202 without storing.
batch: events a second in requests of 50, against COPY of the very same rows from memory.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from ..collect.store import COPY
from ..models import Intake, Site

Progress = Callable[[str], None]
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
BATCH = 50
#: Batches are so much cheaper that as many events as for single ones would be over before it is warm.
MORE_FOR_BATCHES = 5
ROUNDS = 3


def ingest(args: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Run the bench with `args.events` single events a round (five times as many in batches)."""
    from headwater.accounts.actions import create_api_key

    singles, batched = args.events, args.events * MORE_FOR_BATCHES // BATCH * BATCH
    site = Site.objects.get_or_create(name="bench ingest")[0]
    key = create_api_key(name="bench ingest", scopes=["events:write"], actor=None)[1]
    shuffle = random.Random(7)
    single = [_page_request(site.public_key, shuffle) for _ in range(500)]
    batch = [_batch_request(key, shuffle) for _ in range(40)]
    found: dict[str, list[float]] = {"single": [], "answer": [], "batch": [], "copy": []}
    with _server("headwater.capture.bench.reference:app") as idle, _server("headwater.web.asgi:application") as real:
        _load(idle, single, 2000), _load(real, single, 2000), _load(real, batch, 100)
        rows = _rows(batched)
        for number in range(1, ROUNDS + 1):
            found["answer"].append(_load(idle, single, singles))
            _empty()
            found["single"].append(_load(real, single, singles))
            _check(singles)
            found["copy"].append(_copy(rows))
            found["batch"].append(_load(real, batch, batched // BATCH) * BATCH)
            _check(batched)
            last = {name: round(values[-1]) for name, values in found.items()}
            progress(f"round {number} of {ROUNDS}: {last}")
    _empty()
    middle = {name: statistics.median(values) for name, values in found.items()}
    return {
        "size": {"single_events": singles, "batch_events": batched, "batch": BATCH, "rounds": ROUNDS},
        "figures": {"single_per_s": round(middle["single"]), "batch_per_s": round(middle["batch"])},
        "reference": {"answer_per_s": round(middle["answer"]), "copy_per_s": round(middle["copy"])},
        "ratios": {
            "single": _ratio(found["single"], found["answer"]),
            "batch": _ratio(found["batch"], found["copy"]),
        },
    }


def _ratio(ours: list[float], most: list[float]) -> float:
    """The middle of the rounds' ratios: both of a round ran on a machine that was equally busy."""
    return round(statistics.median(a / b for a, b in zip(ours, most, strict=True)), 3)


def _request(path: str, body: Any, *headers: str) -> bytes:
    data = json.dumps(body, separators=(",", ":")).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"User-Agent: {AGENT}", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(data)}", "", ""]).encode() + data


def _page_request(site: str, shuffle: random.Random) -> bytes:
    number = shuffle.randrange(10**6)
    event = {"type": "page", "id": f"e{number:022}", "age": 12, "url": f"https://example.com/blog/{number % 97}?a=1",
             "title": f"Article {number % 97}", "referrer": "https://example.com/"}  # fmt: skip
    body = {"site": site, "visitor": f"v{number:021}", "lang": "en-GB", "tz": "Europe/London", "events": [event]}
    return _request("/t", body, "Origin: https://example.com", "Content-Type: text/plain;charset=UTF-8")


def _batch_request(key: str, shuffle: random.Random) -> bytes:
    items = [
        {
            "event": "cart.filled",
            "email": f"person{shuffle.randrange(10**5)}@example.com",
            "id": f"o{shuffle.randrange(10**9)}",
            "properties": {"sku": f"A-{shuffle.randrange(999)}", "amount": shuffle.randrange(9999) / 100, "items": 2},
        }
        for _ in range(BATCH)
    ]
    return _request("/api/v1/events", items, f"Authorization: Bearer {key}", "Content-Type: application/json")


@contextmanager
def _server(target: str) -> Iterator[int]:
    """The product's web server with one process on a free port."""
    import socket

    from headwater.core.config import config

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "granian", "--interface", "asginl", "--loop", "uvloop", "--workers", "1"]
    command += ["--port", str(port), "--log-level", "warning", "--backlog", "2048", target]
    env = {**os.environ, "DATABASE_URL": config.database_url, "HEADWATER_INTAKE_RATE": "1e12"}
    env["HEADWATER_INTAKE_BURST"] = "1e12"
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    try:
        for _ in range(400):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _load(port: int, requests: list[bytes], count: int) -> float:
    """Requests a second by a load generator in a process of its own. Raises RuntimeError on an answer but 202."""
    with tempfile.NamedTemporaryFile(suffix=".requests") as file:
        file.write(b"".join(len(r).to_bytes(4, "big") + r for r in requests))
        file.flush()
        script = Path(__file__).with_name("load.py")
        run = [sys.executable, str(script), str(port), str(count), file.name]
        done = subprocess.run(run, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(f"load generator: {done.stderr.strip()[-500:]}")
    return float(json.loads(done.stdout)["per_s"])


def _rows(count: int) -> list[bytes]:
    """What the collector stored last, as COPY lines of `count` rows in blocks of two megabytes."""
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY (SELECT lane_key, received_at, source, visitor_id, bot, payload, context FROM capture_intake "
            "WHERE source LIKE 'api:%' LIMIT 5000) TO STDOUT"
        ) as copy,
    ):
        stored = [bytes(line).split(b"\t", 1) for line in copy]
    blocks, size, block = [], 0, []
    for n in range(count):
        lane, rest = stored[n % len(stored)]
        block.append(b"%b\t%d\t%b" % (lane, n, rest))
        size += len(block[-1])
        if size > 2 * 1024 * 1024:
            blocks.append(b"".join(block))
            block, size = [], 0
    return [*blocks, b"".join(block)]


def _copy(blocks: list[bytes]) -> float:
    """Rows a second of COPY, one commit a block."""
    _empty()
    started = time.perf_counter()
    for block in blocks:
        with (
            transaction.atomic(),
            connection.cursor() as cursor,
            cursor.copy(COPY) as copy,
        ):
            copy.write(block)
    took = time.perf_counter() - started
    rows = Intake.objects.count()
    _empty()
    return rows / took


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE capture_intake")
        cursor.execute("CHECKPOINT")


def _check(count: int) -> None:
    stored = Intake.objects.count()
    if stored != count:
        raise RuntimeError(f"{count} events were answered with 202, but {stored} are stored")
    _empty()
