"""`kill -9` in the middle of a change of many people, and of its undo: each batch is done whole or not at all.

The worker of `headwater up` tags 1,700 people; it is killed inside a batch and from outside, and PostgreSQL with it. At
every moment the people who carry the tag, the facts that say so and the progress on the page are the same number.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..patience import patient
from ..running import Running, started

pytestmark = [pytest.mark.xdist_group("kill_bulk"), pytest.mark.slow]

PEOPLE = 1700
MAKE = f"""
from headwater.people.actions import Identity, identify
for start in range(0, {PEOPLE}, 425):
    identify([Identity(email=f"p{{n}}@example.com", actor="system") for n in range(start, start + 425)])
"""
TAG = """
from headwater.people.actions import start_bulk
from headwater.people.queries import Listing
print(start_bulk("tag", given={"tags": "vip"}, actor="system", listing=Listing()).pk)
"""
UNDO = "from headwater.people.actions import undo_bulk; print(undo_bulk({job}, actor='system'))"
#: One statement, so one moment: progress, people with the tag, facts that they got it, facts that they lost it
NOW = """
SELECT j.state, j.done, j.undo_done,
       (SELECT count(*) FROM people_contact WHERE 'vip' = ANY(tags)),
       (SELECT count(*) FROM timeline_fact WHERE kind = 'tag.added' AND data->>'tag' = 'vip'),
       (SELECT count(*) FROM timeline_fact WHERE kind = 'tag.removed' AND data->>'tag' = 'vip')
FROM people_bulkjob j WHERE j.id = %s
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with started(tmp_path / "data", {"HEADWATER_KILL_FILE": str(tmp_path / "kill")}) as made:
        yield made


def whole(running: Running, job: int) -> tuple[object, ...]:
    """What there is at this moment; fails where anything is half done."""
    ((state, done, undone, tagged, added, removed),) = running.sql(NOW, job)
    assert (added, tagged, removed) == (done, int(str(done)) - int(str(undone)), undone)
    return state, done, undone


def kill_inside(running: Running, kill_file: Path, job: int, times: int) -> None:
    """Let the worker die inside a batch, once surely and up to so often; look at what it left each time. `kill_file`
    holds the first death already: it was there before the change began."""
    for again in range(times):
        deadline = time.monotonic() + patient(120)
        while kill_file.exists() and not (again and ended(running, job)):
            assert time.monotonic() < deadline, running.log[-3000:]
            time.sleep(0.02)
        whole(running, job)
        if again + 1 < times:
            kill_file.write_text("bulk.batch")
    kill_file.unlink(missing_ok=True)


def ended(running: Running, job: int) -> bool:
    return running.sql("SELECT state IN ('done', 'undone') FROM people_bulkjob WHERE id = %s", job) == [(True,)]


def kill_outside(running: Running) -> None:
    """The worker's process, wherever it stands."""
    deadline = time.monotonic() + patient(120)
    while (pid := running.children().get("work")) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)


def finished(running: Running, job: int, state: str) -> None:
    running.until("SELECT 1 FROM people_bulkjob WHERE id = %s AND state = %s", job, state, seconds=240)


def test_a_change_of_many_and_its_undo_are_whole_however_often_they_are_killed(
    running: Running, tmp_path: Path
) -> None:
    kill_file = tmp_path / "kill"
    running.python(MAKE)
    kill_file.write_text("bulk.batch")  # there before the change: its first batch is killed
    job = int(running.python(TAG))
    kill_inside(running, kill_file, job, 2)
    kill_outside(running)
    server = running.database.pid()
    assert server is not None
    os.kill(server, signal.SIGKILL)
    finished(running, job, "done")
    assert whole(running, job) == ("done", PEOPLE, 0)
    once = "SELECT count(*), count(DISTINCT person_id) FROM timeline_fact WHERE kind = 'tag.added'"
    assert running.sql(once) == [(PEOPLE, PEOPLE)]
    assert running.sql("SELECT changed, refused FROM people_bulkjob") == [(PEOPLE, {})]

    kill_file.write_text("bulk.batch")
    assert running.python(UNDO.format(job=job)) == "True"
    kill_inside(running, kill_file, job, 2)
    kill_outside(running)
    finished(running, job, "undone")
    assert whole(running, job) == ("undone", PEOPLE, PEOPLE)
    once = once.replace("added", "removed")
    assert running.sql(once) == [(PEOPLE, PEOPLE)]
    states = "SELECT state, count(*) FROM people_bulkitem GROUP BY 1"
    assert running.sql(states) == [(3, PEOPLE)]  # each put back, none skipped
