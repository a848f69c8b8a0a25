"""Real worker processes share the lanes. One that dies, or stands still, hands its lanes over within seconds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from headwater.core import clock
from headwater.core.config import config
from headwater.timeline import actions
from headwater.timeline.actions import Custom, NewFact, stalled
from tests import processes
from tests.patience import patient, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.xdist_group("kill")]
ROOT = Path(__file__).resolve().parents[3]
#: The default rules give points for a look at the prices, once for each fact.
VIEW = Custom("page.viewed", {"path": "/pricing", "title": "Pricing"})


class Workers:
    """Processes of `headwater work` on the test's database."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.kill_file = folder / "at"
        self.running: list[subprocess.Popen[bytes]] = []
        #: worker -> the process of it that reads the log, forked first
        self.engines: dict[int, int] = {}

    def start(self, name: str, **extra: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "DATABASE_URL": self.url,
            "HEADWATER_DATA": str(self.folder),
            "HEADWATER_SECRET_KEY": "tests-only",
            "HEADWATER_WORKER_SILENCE": "2",
            **extra,
        }
        with (self.folder / f"{name}.log").open("wb") as log:
            command = [sys.executable, "-m", "headwater", "work"]
            process = processes.start(command, dies=signal.SIGKILL, env=environment, stdout=log, stderr=log, cwd=ROOT)
        self.running.append(process)
        wait_for(lambda: self.log(name).count("worker_ready") == 2, 30, f"{name} is not ready")
        self.engines[process.pid] = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        return process

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def ask(self, query: str) -> tuple[object, ...]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(query).fetchone()
            assert row is not None
            return row

    def until(self, query: str, answer: object, seconds: float) -> None:
        """Wait until the query answers so; fail after so many seconds of a quiet machine."""
        began = time.monotonic()
        while (found := self.ask(query)[0]) != answer:
            assert time.monotonic() < began + patient(seconds), f"{query}: {found}, not {answer}, after {seconds} s"
            time.sleep(0.05)


@pytest.fixture
def workers(postgres: str, tmp_path: Path) -> Iterator[Workers]:
    made = Workers(postgres, tmp_path)
    try:
        yield made
    finally:
        for process in made.running:
            processes.end(process)


BEHIND = (
    "SELECT count(*) FROM timeline_laneposition p JOIN timeline_lane l USING (lane_key) WHERE l.head > p.seq "
    "AND p.consumer IN ('audience', 'insights', 'journeys', 'messaging')"
)
#: Facts, ledger entries, people with an entry: equal where each fact had its effect once.
EFFECTS = (
    "SELECT (SELECT count(*) FROM timeline_fact WHERE kind = 'page.viewed'), count(*), count(DISTINCT person_id) "
    "FROM audience_scoreentry WHERE kind = 'page.viewed' AND model_id = (SELECT id FROM audience_scoremodel "
    "WHERE key = 'engagement')"
)


def look(people: range) -> None:
    actions.record_many([NewFact(person, VIEW, clock.now() - timedelta(seconds=1)) for person in people])


def state_of(pid: int) -> str:
    """The kernel's letter for the process, "" where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def struck(workers: Workers, victim: subprocess.Popen[bytes], state: str, *, people: range) -> int:
    """Record facts until the victim gets some and is struck with them in hand. Returns the people so far."""
    for person in people:
        look(range(person, person + 1))
        for _ in range(10):
            if not workers.kill_file.exists():
                while state_of(workers.engines[victim.pid]) != state:
                    time.sleep(0.01)
                return person
            time.sleep(0.02)
    raise AssertionError("the victim never got a fact")


def test_the_lanes_of_a_killed_worker_are_served_within_seconds(workers: Workers) -> None:
    victim = workers.start("victim", HEADWATER_KILL_FILE=str(workers.kill_file))
    workers.start("heir")
    workers.kill_file.write_text("audience.reacted")  # in its transaction, with the lanes in its hands
    last = struck(workers, victim, "", people=range(1, 200))
    victim.kill()  # which would have started it again
    look(range(last + 1, last + 301))
    workers.until(BEHIND, 0, 10)
    assert victim.wait(patient(5)) == -signal.SIGKILL
    assert workers.ask(EFFECTS) == (last + 300,) * 3


def test_the_lanes_of_a_worker_that_stands_still_are_served_within_seconds(workers: Workers) -> None:
    victim = workers.start("victim", HEADWATER_KILL_FILE=str(workers.kill_file))
    workers.start("heir")
    workers.kill_file.write_text("freeze audience.reacted")
    last = struck(workers, victim, "T", people=range(1, 200))
    assert workers.ask(BEHIND) != (0,)
    workers.until(BEHIND, 0, 15)  # HEADWATER_WORKER_SILENCE is 2 here
    look(range(last + 1, last + 101))
    workers.until(BEHIND, 0, 10)
    os.kill(workers.engines[victim.pid], signal.SIGCONT)  # it comes back, finds its transaction gone, and goes on
    look(range(last + 101, last + 201))
    workers.until(BEHIND, 0, 10)
    time.sleep(0.5)
    assert victim.poll() is None
    assert workers.ask(EFFECTS) == (last + 200,) * 3
    assert workers.ask("SELECT count(*) FROM timeline_parked") == (0,)


def test_a_worker_s_sessions_are_watched_closely(postgres: str) -> None:
    code = (
        "from django.db import connection as c; k = c.cursor(); "
        "[(k.execute('SHOW ' + n), print(k.fetchone()[0])) for n in "
        "('idle_in_transaction_session_timeout', 'client_connection_check_interval', 'application_name')]"
    )
    environment = {**os.environ, "DATABASE_URL": postgres, "HEADWATER_WORKER": "1", "HEADWATER_SECRET_KEY": "tests"}
    done = subprocess.run(
        [sys.executable, "-m", "headwater", "shell", "-v", "0", "-c", code],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    silence, check, name = done.stdout.split("\n")[:3]
    assert (silence, check) == ("30s", "2s")
    assert name.startswith("headwater-worker ")


def test_a_worker_that_no_longer_reads_an_answer_loses_its_lanes(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It froze while the server was writing to it: PostgreSQL takes that for work, however long it lasts."""
    monkeypatch.setattr(config, "worker_silence", 1)
    watched = {"application_name": "headwater-worker x:1", "options": "-c idle_in_transaction_session_timeout=1s"}
    free = "SELECT count(*) FROM (SELECT 1 FROM timeline_lane FOR UPDATE SKIP LOCKED) l"
    frozen, busy = psycopg.connect(postgres, **watched), psycopg.connect(postgres, **watched)
    try:
        frozen.execute("SELECT lane_key FROM timeline_lane ORDER BY lane_key LIMIT 3 FOR UPDATE")
        frozen.pgconn.send_query(b"SELECT repeat('x', 1000) FROM generate_series(1, 20000)")
        busy.pgconn.send_query(b"SELECT pg_sleep(60)")
        time.sleep(1.5)
        with psycopg.connect(postgres, autocommit=True) as other:
            assert other.execute(free).fetchone() == (253,)
            ended, deadline = 0, time.monotonic() + patient(10)
            while not ended and time.monotonic() < deadline:
                ended = stalled.end_stalled()
                time.sleep(0.2)
            assert ended == 1
            while other.execute(free).fetchone() != (256,):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            alive = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'headwater-worker x:1'"
            assert (stalled.end_stalled(), other.execute(alive).fetchone()) == (0, (1,))
    finally:
        busy.cancel_safe()
        for connection in (frozen, busy):
            connection.pgconn.finish()
