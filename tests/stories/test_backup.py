"""An administrator backs up what runs, loses the machine, and begins again elsewhere: everything is there, and nothing
goes out a second time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ..running import ROOT, Running, started

pytestmark = [pytest.mark.xdist_group("backup"), pytest.mark.slow]

#: Three people, a journey in which one of them waits, a mail that is due now and one that is due in a year
FILL = """
from datetime import timedelta
from headwater.core import clock
from headwater.journeys import actions as journeys
from headwater.journeys.actions import Entry
from headwater.journeys.bench.ways import a_year
from headwater.messaging import actions as mails
from headwater.messaging.actions import MailRequest, TemplateText
from headwater.people.actions import Identity, identify
identify([Identity(email=f"p{n}@example.com", actor="system") for n in range(3)])
from headwater.people.models import Contact
people = list(Contact.objects.order_by("pk").values_list("pk", flat=True))
journey = journeys.create_journey(name="Renewal", graph=a_year(), actor="system")
journeys.publish(journey.pk, actor="system")
journeys.enter(journey.pk, [Entry(people[0], "x")], actor="system")
body = "<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>"
template = mails.create_template(
    name="Hello", says=TemplateText(subject="Hello", mjml=body), actor="system", purpose="transactional"
)
year = clock.now() + timedelta(days=365)
mails.queue([
    MailRequest(people[0], template.pk, "now", "system"),
    MailRequest(people[1], template.pk, "later", "system", at=year),
])
print(len(people))
"""
MAILS = "SELECT key, status, reason FROM messaging_message ORDER BY key"
FACTS = "SELECT person_id, at, id, kind, data FROM timeline_fact WHERE kind <> 'mail.refused' ORDER BY 1, 2, 3"
ENDED = "SELECT state, ended_at IS NULL FROM journeys_passage"

PAUSED = (
    "1 live journeys are paused (Renewal): what they did after the backup is not known, and they would do it again. "
    "Resume each on its page when you have looked at it."
)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with started(tmp_path / "data") as made:
        yield made


def headwater(data: Path, *command: str) -> tuple[int, str]:
    """(exit status, all it said) of a command on that data directory."""
    hidden = ("DATABASE_URL", "HEADWATER_SECRET_KEY")
    environment = {**{k: v for k, v in os.environ.items() if k not in hidden}, "HEADWATER_DATA": str(data)}
    done = subprocess.run(
        [sys.executable, "-m", "headwater", *command], capture_output=True, text=True, env=environment, cwd=ROOT
    )
    return done.returncode, done.stdout + done.stderr


def test_what_is_backed_up_while_it_runs_begins_again_elsewhere(running: Running, tmp_path: Path) -> None:
    assert running.python(FILL) == "3"
    (running.data / "media" / "logos").mkdir(parents=True)
    (running.data / "media" / "logos" / "a.svg").write_bytes(b"<svg/>")
    file = tmp_path / "saved" / "monday.backup"
    status, words = headwater(running.data, "backup", str(file))
    assert (status, words.split(" MiB")[0].rpartition(",")[0]) == (0, f"{file}: 3 people, 1 files")
    assert (file.stat().st_mode & 0o777, [p.name for p in file.parent.iterdir()]) == (0o600, ["monday.backup"])
    was, key = running.sql(FACTS), (running.data / "secret-key").read_text()

    there = Running(tmp_path / "other", fresh=True)
    there.prepare()
    status, words = headwater(there.data, "restore", str(file))
    assert (status, words.splitlines()[1:]) == (
        0,
        [
            "1 mails that were on their way are not sent (reason: restored); they may have gone out since.",
            PAUSED,
        ],
    )
    assert (there.data / "secret-key").read_text() == key
    assert (there.data / "media" / "logos" / "a.svg").read_bytes() == b"<svg/>"
    there.start(seconds=120)
    try:
        assert there.sql(FACTS) == was
        assert there.sql(MAILS) == [("later", "queued", ""), ("now", "refused", "restored")]
        assert there.sql(ENDED) == [("waiting", True)]
        assert there.sql("SELECT name, status FROM journeys_journey") == [("Renewal", "paused")]
        refused_while_it_runs(there, file)
    finally:
        there.stop()
    put_aside(there, file, was)


def refused_while_it_runs(there: Running, file: Path) -> None:
    status, words = headwater(there.data, "restore", str(file), "--replace")
    assert (status, words) == (
        1, "headwater: Headwater runs on this database. Stop it (web, workers and all), then try again.\n"
    )  # fmt: skip


def put_aside(there: Running, file: Path, was: list[tuple[object, ...]]) -> None:
    """The installation that was there is kept; mails and journeys go on where that is asked for."""
    status, words = headwater(there.data, "restore", str(file), "--replace", "--go-on")
    lines = words.splitlines()
    assert (status, len(lines)) == (0, 3)
    before = lines[1].removeprefix("What was there before is kept as the database ").removesuffix(".")
    assert before.startswith("headwater_before_")
    assert lines[2].startswith(f"The files that were there before are kept in {there.data / 'media.before-'}")
    there.database.start()
    try:
        assert there.sql(FACTS) == was
        assert there.sql(MAILS) == [("later", "queued", ""), ("now", "queued", "")]
        assert there.sql("SELECT status FROM journeys_journey") == [("live",)]
        with psycopg.connect(there.database.url(before)) as connection:
            assert connection.execute(MAILS).fetchall() == [("later", "queued", ""), ("now", "refused", "restored")]
    finally:
        there.database.stop()
