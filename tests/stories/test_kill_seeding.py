"""`kill -9` while the demo company is being made: the next start makes it whole, and nothing of it twice.

One demo is made undisturbed. Another one is killed at one point after the other, once together with its database, each
time started again; in the end both must hold the same rows and the same files.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from .. import ready
from ..patience import patient
from ..running import Running

pytestmark = [pytest.mark.xdist_group("seeding"), pytest.mark.slow]

POINTS = ["demo.people", "demo.computed", "demo.committed"]
#: What differs by its nature: sessions, and when which migration was applied
APART = ("django_", "headwater_cache", "socialaccount", "account_", "mfa_", "usersessions", "procrastinate")
COUNTERS = {"audience_segmenttally": "members", "journeys_stepcount": "n", "journeys_daycount": "n"}
#: (columns that say everything of a row, table)
CONTENT = (
    ("at, id, kind", "timeline_fact"),
    ("email, name, stage", "people_contact"),
    ("id, state, step", "journeys_passage"),
)


def counts(running: Running) -> dict[str, int]:
    """table -> rows, of all that the demo fills; of counters, which are kept by lane (that is by the ids of people, and
    those are drawn anew), what they add up to."""
    tables = [
        str(name)
        for (name,) in running.sql(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' "
            "AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"
        )
    ]
    kept = [t for t in tables if not t.startswith(APART)]
    what = {t: f"coalesce(sum({COUNTERS[t]}), 0)" if t in COUNTERS else "count(*)" for t in kept}
    return {t: int(str(running.sql(f'SELECT {what[t]} FROM "{t}"')[0][0])) for t in kept}


def content(running: Running) -> list[object]:
    """A digest of each table that must be the same row for row; ids of rows may differ."""
    return [
        running.sql(f"SELECT md5(string_agg(x, '|' ORDER BY x)) FROM (SELECT concat_ws(',', {c}) AS x FROM {t}) q")
        for c, t in CONTENT
    ]


def files(running: Running) -> list[str]:
    media = running.data / "media"
    return sorted(str(p.relative_to(media)) for p in media.rglob("*") if p.is_file())


def ended(running: Running, seconds: float = 90) -> None:
    """Wait until `headwater demo` and everything it started for seeding are gone."""
    assert running.process is not None
    running.process.wait(timeout=patient(seconds))
    deadline = time.monotonic() + patient(seconds)
    while seeding(running):
        assert time.monotonic() < deadline, "a seeding process does not end"
        time.sleep(0.1)


def seeding(running: Running) -> list[int]:
    """Processes of this installation that seed."""
    found = []
    for part in Path("/proc").iterdir():
        if not part.name.isdigit():
            continue
        try:
            words = (part / "cmdline").read_bytes().split(b"\0")
            if b"seed_demo" in words and f"HEADWATER_DATA={running.data}".encode() in (part / "environ").read_bytes():
                found.append(int(part.name))
        except OSError:
            continue
    return found


def left(running: Running) -> list[tuple[object, ...]]:
    """What a killed run has left: people and users."""
    return running.sql("SELECT (SELECT count(*) FROM people_contact), (SELECT count(*) FROM accounts_user)")


def test_a_demo_that_is_killed_while_it_is_made_is_whole_after_the_next_start(tmp_path: Path) -> None:
    calm, kill_file = Running(tmp_path / "calm"), tmp_path / "kill"
    end = ready.demo_into(calm.data)
    with ready.running(calm.data):
        want, told, kept = counts(calm), content(calm), files(calm)
    extra = {"HEADWATER_DEMO_END": end, "HEADWATER_KILL_FILE": str(kill_file)}
    rough = Running(tmp_path / "rough", ["demo", "--people", str(ready.PEOPLE)], extra)
    rough.prepare()
    try:
        with ready.running(rough.data):
            for point in POINTS[:-1]:
                kill_file.write_text(point)
                done = ready.headwater(rough.data, "seed_demo", "--people", str(ready.PEOPLE), **extra)
                assert (done.returncode, kill_file.exists()) == (-signal.SIGKILL, False), f"{point}: {done.stderr}"
                assert left(rough) == [(0, 0)], point
        kill_all_of_it(rough)
        kill_file.write_text(POINTS[-1])
        rough.launch()
        ended(rough)
        assert not kill_file.exists(), rough.log
        with ready.running(rough.data):  # before a worker goes on with it
            assert counts(rough) == want
            assert content(rough) == told
            assert files(rough) == kept
        rough.start()
        assert (content(rough), files(rough)) == (told, kept)
    finally:
        if rough.process is not None and rough.process.poll() is None:
            rough.stop()
        rough.database.stop()


def kill_all_of_it(running: Running) -> None:
    """Supervisor, seeding process and database server at once, in the middle of the work."""
    running.launch()
    running.until("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted", seconds=90)  # it has begun
    time.sleep(0.4)
    assert running.process is not None
    server = running.database.pid()
    assert server is not None
    for pid in (running.process.pid, *seeding(running), server):
        os.kill(pid, signal.SIGKILL)
    ended(running)
