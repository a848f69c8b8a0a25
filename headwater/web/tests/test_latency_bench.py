"""The scenario of `headwater bench latency`, and the two programs that it measures with."""

from __future__ import annotations

import json
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from headwater.capture.models import Intake, Site
from headwater.capture.rules import visitor_id
from headwater.core import clock
from headwater.core.lanes import lane_key
from headwater.journeys.models import Journey, Passage
from headwater.messaging.channels.letters import Envelope, Server
from headwater.messaging.channels.smtp import Connection
from headwater.messaging.models import Message
from headwater.web.bench import HERE, Sink, scenario
from headwater.web.bench.journeys import PLANS, number_of

CONTACTS, EVENTS = 300, 240


@pytest.fixture
def months(transactional_db: None) -> Iterator[None]:
    """The months that the past needs are gone afterwards: other tests count on those of a fresh database."""
    there = set(_partitions())
    yield
    with connection.cursor() as cursor:
        for name in set(_partitions()) - there:
            cursor.execute(f"DROP TABLE {name}")


def _partitions() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'timeline_fact'::regclass")
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.usefixtures("months")
def test_one_event_in_ten_makes_a_journey_send_the_mail_that_is_waited_for() -> None:
    scenario.prepare(CONTACTS, 6, 20, lambda words: None)
    scenario.prepare(CONTACTS, 6, 20, lambda words: None)  # what is there stays
    assert Journey.objects.filter(status="live").count() == 20
    key, shots = scenario.traffic(CONTACTS, EVENTS, 20, 7)
    awaited = {shot.awaits for shot in shots if shot.awaits}
    assert len(shots) == EVENTS
    assert len(awaited) == EVENTS // scenario.MAIL_EVERY
    assert {number for _, number in awaited} == {n for n, plan in enumerate(PLANS) if plan.event is not None}
    site = Site.objects.get(public_key=key)
    for n, shot in enumerate(shots):
        _take_in(site.pk, n, shot.request)
    scenario.catch_up(lambda words: None)
    sent = Message.objects.filter(status="queued").values_list("email", "subject")
    assert awaited <= {(email, number_of(subject)) for email, subject in sent}
    assert Passage.objects.filter(state="stuck").count() == 0


def _take_in(site: int, number: int, request: bytes) -> None:
    """What the collector does with it."""
    body = json.loads(request.partition(b"\r\n\r\n")[2])
    visitor = visitor_id(body["visitor"])
    Intake.objects.create(
        lane_key=lane_key(visitor), id=number, received_at=clock.now(), source=f"t:{site}", visitor_id=visitor, bot="",
        payload=body["events"][0], context={"ua": scenario.AGENT, "tz": body["tz"], "lang": body["lang"]},
    )  # fmt: skip


def test_the_sink_says_to_whom_which_journey_wrote() -> None:
    sink = Sink()
    try:
        line = Connection(Server.from_url(f"smtp://127.0.0.1:{sink.port}"))
        mails = [b"From: a@b.example\r\nSubject: Bench 07 shall we talk?\r\n\r\nHello\r\n",
                 b"From: a@b.example\r\nSubject: Later 07\r\n\r\n.\r\n"]  # fmt: skip
        answers = line.send([Envelope("a@b.example", f"p{n}@c.example", mail) for n, mail in enumerate(mails)])
        assert [a.kind for a in answers] == ["sent", "sent"]
        sink.wait([("p0@c.example", 7), ("p1@c.example", -1)], 5)
        assert set(sink.accepted) == {("p0@c.example", 7), ("p1@c.example", -1)}
        assert sink.mails == 2
        line.quit()
    finally:
        sink.process.terminate()


class _Answering(socketserver.StreamRequestHandler):
    """202 for every request, 429 for those that say so."""

    def handle(self) -> None:
        while line := self.rfile.readline():
            if line == b"\r\n":
                body = self.rfile.read(4)
                status = b"429 no" if body == b"late" else b"202 ok"
                self.wfile.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


def test_the_generator_keeps_its_rate_and_says_what_was_refused(tmp_path: Path) -> None:
    requests = [b"POST /t HTTP/1.1\r\nContent-Length: 4\r\n\r\n" + body for body in [b"good"] * 19 + [b"late"]]
    plan = tmp_path / "plan"
    plan.write_bytes(b"".join(len(r).to_bytes(4, "big") + r for r in requests))
    with _Server(("127.0.0.1", 0), _Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [sys.executable, str(HERE / "load.py"), str(server.server_address[1]), "100", str(plan)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        server.shutdown()
    said = json.loads(done.stdout)
    assert said["refused"] == 1
    assert said["words"].startswith("HTTP/1.1 429 no")
    assert [a is None for a in said["answered"]] == [False] * 19 + [True]
    assert all(at >= said["sent"][0] + n / 100 - 0.005 for n, at in enumerate(said["sent"]))
