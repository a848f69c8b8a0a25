"""`headwater bench pages`: what a signed-in colleague waits for, over HTTP, from the real server, database full."""

from __future__ import annotations

import argparse
import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from django.db import connection
from django.test import Client
from django.urls import reverse

from headwater.core.registry import benches
from headwater.core.serve import port_in_use
from headwater.people.models import Contact

from .demo.bulk import fill

ROUNDS = 200
WARM = 15
WORDS = ("anna", "kim", "민준", "김", "müller", "c12", "wei", "陈", "lucas", "garcia", "ja", "compan")
LIST_SQL = "SELECT id, name, email, stage, company_id FROM people_contact ORDER BY created_at DESC, id DESC LIMIT 50"


def pages(args: argparse.Namespace, progress: Callable[[str], None]) -> dict[str, Any]:
    """Fill (kept between runs), then read each page over one kept-alive connection. Figures in ms."""
    user = fill(args.contacts, args.events, progress)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = Client()
    client.force_login(user)
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    rng = random.Random(7)
    ids = list(Contact.objects.order_by("pk").values_list("pk", flat=True)[:: max(1, args.contacts // 1000)])
    wanted = {
        "trivial": ["/api/v1/nothing"],
        "list": [reverse("people:list")],
        "board": [reverse("sales:board")],
        "record": [reverse("people:record", args=[rng.choice(ids)]) for _ in range(ROUNDS)],
        "search": [f"{reverse('palette')}?q={quote(word)}" for word in WORDS],
        "today": [reverse("teamwork:today")],
    }
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = int(s.getsockname()[1])
    server = subprocess.Popen(
        [sys.executable, "-m", "headwater", "serve", "--port", str(port)],
        env={**os.environ, "HEADWATER_LOG_LEVEL": "WARNING"},
        stdout=sys.stderr,
    )
    try:
        deadline = time.monotonic() + 60
        while not port_in_use("127.0.0.1", port):
            if time.monotonic() > deadline:
                raise RuntimeError("the web server did not start")
            time.sleep(0.1)
        times = {}
        for name, urls in wanted.items():
            times[name] = _read(port, cookie, urls, 404 if name == "trivial" else 200)
            progress(f"{name}: p50 {_quantile(times[name], 0.5)} ms, p95 {_quantile(times[name], 0.95)} ms")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)
    trivial = _quantile(times.pop("trivial"), 0.95)
    figures = {f"{name}_p95_ms": _quantile(found, 0.95) for name, found in times.items()}
    figures |= {f"{name}_p50_ms": _quantile(found, 0.5) for name, found in times.items()}
    return {
        "size": {"contacts": args.contacts, "events": args.events},
        "figures": figures,
        "reference": {"trivial_p95_ms": trivial, "list_sql_p95_ms": _quantile(_sql(), 0.95)},
        "ratios": {f"{name}_to_trivial": round(figures[f"{name}_p95_ms"] / max(0.1, trivial), 1) for name in times},
    }


def _read(port: int, cookie: str, urls: Sequence[str], status: int) -> list[float]:
    """How long each of the reads took, sorted, in ms. Raises RuntimeError on another status."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    times = []
    for n in range(ROUNDS + WARM):
        url = urls[n % len(urls)]
        began = time.perf_counter()
        link.request("GET", url, headers={"Cookie": cookie, "Host": f"localhost:{port}"})
        answer = link.getresponse()
        answer.read()
        if answer.status != status:
            raise RuntimeError(f"{url} answered {answer.status}")
        if n >= WARM:
            times.append((time.perf_counter() - began) * 1000)
    link.close()
    return sorted(times)


def _sql() -> list[float]:
    times = []
    with connection.cursor() as cursor:
        for _ in range(ROUNDS):
            began = time.perf_counter()
            cursor.execute(LIST_SQL)
            cursor.fetchall()
            times.append((time.perf_counter() - began) * 1000)
    return sorted(times)


def _quantile(values: Sequence[float], q: float) -> float:
    return round(values[min(len(values) - 1, int(q * len(values)))], 1)


benches.add("pages", pages)
