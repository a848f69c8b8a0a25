"""A replay hears the history again: from a point on, each fact once, people in turn, live facts first."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from headwater.core import clock
from headwater.core.lanes import lane_key
from headwater.timeline import actions, dispatch, pace, queries, registry, replay
from headwater.timeline.actions import Custom, NewFact, ReplayRefused
from headwater.timeline.models import Replay

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)


class Ear:
    """Consumer "ear" hears "test.said", live and again; it fails on what is in `bad`."""

    def __init__(self) -> None:
        self.live: list[tuple[int, int]] = []
        self.again: list[tuple[int, int]] = []
        self.batches: list[int] = []
        self.bad: set[int] = set()

    def react(self, batch) -> None:  # type: ignore[no-untyped-def]
        self.live += [(e.person_id, e.data["n"]) for e in batch]

    def replay(self, batch) -> None:  # type: ignore[no-untyped-def]
        assert {lane_key(e.person_id) for e in batch} <= connection.headwater_lanes
        if self.bad & {e.data["n"] for e in batch}:
            raise RuntimeError("cannot digest")
        self.batches.append(len(batch))
        self.again += [(e.person_id, e.data["n"]) for e in batch]


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ear]:
    monkeypatch.setattr(registry, "_consumers", {})
    made = Ear()
    registry.reaction("ear", hears=["test.said"], order=1, replay=made.replay)(made.react)
    registry.reaction("deaf", hears=["test.other"], order=2)(lambda batch: None)
    actions.ensure_consumers()
    pace.forget()
    with clock.freeze(NOW):
        yield made
    pace.forget()


def say(person: int, n: int, at: datetime, kind: str = "test.said") -> None:
    actions.record_many([NewFact(person, Custom(kind, {"n": n}), at)])


def run(steps: int = 50) -> None:
    for _ in range(steps):
        if not replay.run_once():
            return
    raise AssertionError("the replay does not end")


def history() -> None:
    """Three people; one has a fact from before the point, one that nobody hears, one that was copied in."""
    for person in (3, 1, 900_000):
        for n in (2, 1, 3):
            say(person, n, NOW - n * DAY)
    say(1, 9, NOW - 30 * DAY)
    say(1, 8, NOW - DAY, "test.other")
    actions.record_history([(1, NOW - 2 * DAY, uuid.UUID(int=1), "test.said", {"n": 7}, "import:1")])
    dispatch.run_all()


def test_it_hears_each_fact_once_more_person_by_person_in_order_of_time(ear: Ear) -> None:
    history()
    row = actions.start_replay(consumer="ear", since=NOW - 10 * DAY, actor="user:3")
    say(1, 99, NOW - DAY / 2)  # after the start: heard live, whatever its time
    with clock.freeze(NOW + timedelta(seconds=1)):
        say(2, 98, NOW - DAY)
        dispatch.run_all()
        run()
    assert ear.again == [
        *[(1, n) for n in (3, 7, 2, 1, 99)],
        *[(3, n) for n in (3, 2, 1)],
        *[(900_000, n) for n in (3, 2, 1)],
    ]
    row.refresh_from_db()
    assert (row.state, row.facts, row.parked, row.percent) == ("done", 11, 0, 100)
    assert [(line.what, line.actor) for line in queries.journal()][::-1] == [
        ("replay.started", "user:3"),
        ("replay.done", "system"),
    ]
    assert replay.run_once() == 0


def test_it_goes_on_where_it_was_even_within_a_person(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    history()
    monkeypatch.setattr(replay, "FIRST", 2)
    actions.start_replay(consumer="ear", since=NOW - 10 * DAY, actor="user:3")
    seen = []
    while replay.run_once():
        pace.forget()  # another worker takes the next batch
        seen.append(queries.replays()[0].percent)
    assert ear.batches == [2, 2, 2, 1, 2, 1]
    assert ear.again == [(1, 3), (1, 7), (1, 2), (1, 1), *[(p, n) for p in (3, 900_000) for n in (3, 2, 1)]]
    assert seen == sorted(seen)


def test_a_broken_off_batch_leaves_neither_effect_nor_progress(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    history()
    actions.start_replay(consumer="ear", since=NOW - 10 * DAY, actor="user:3")

    def die(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("headwater.core.crash.point", die)
    with pytest.raises(KeyboardInterrupt):
        replay.run_once()
    (row,) = queries.replays()
    assert (row.facts, row.upto_person, row.state) == (0, 0, "running")


def test_a_fact_on_which_it_fails_is_parked_and_the_replay_goes_on(ear: Ear) -> None:
    history()
    ear.bad = {7, 3}
    actions.start_replay(consumer="ear", since=NOW - 10 * DAY, actor="user:3")
    run()
    (row,) = queries.replays()
    assert (row.state, row.facts, row.parked) == ("done", 10, 4)
    assert ear.again == [(p, n) for p in (1, 3, 900_000) for n in (2, 1)]
    copied = [p for p in queries.parked() if p.seq < 0]
    assert [(p.person_id, p.fact_id) for p in copied] == [(1, uuid.UUID(int=1))]
    assert actions.retry_all(consumer="ear", actor="user:3") == actions.Retried(4, 0, 0)


def test_live_facts_go_first(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    history()
    monkeypatch.setattr(replay, "LIVE_FIRST", 3)
    actions.start_replay(consumer="ear", since=NOW - 10 * DAY, actor="user:3")
    for n in range(4):
        say(5, n, NOW)
    assert (replay.run_once(), ear.again) == (0, [])
    dispatch.run_all()
    assert replay.run_once() > 0


def test_it_can_be_stopped_and_only_one_runs_at_a_time(ear: Ear) -> None:
    history()
    row = actions.start_replay(consumer="ear", since=NOW - 10 * DAY, actor="user:3")
    with pytest.raises(ReplayRefused, match="ear is being replayed already"):
        actions.start_replay(consumer="ear", since=NOW - DAY, actor="user:3")
    assert actions.stop_replay(row.pk, actor="user:4") is True
    assert actions.stop_replay(row.pk, actor="user:4") is False
    assert (replay.run_once(), ear.again) == (0, [])
    assert actions.start_replay(consumer="ear", since=NOW - DAY, actor="user:3").state == "running"


@pytest.mark.parametrize(
    ("consumer", "since", "words"),
    [
        ("nobody", NOW, "There is no reaction named nobody"),
        ("deaf", NOW, "deaf cannot be replayed"),
        ("ear", NOW + DAY, "in the future"),
    ],
)
def test_what_makes_no_sense_is_refused(ear: Ear, consumer: str, since: datetime, words: str) -> None:
    with pytest.raises(ReplayRefused, match=words):
        actions.start_replay(consumer=consumer, since=since, actor="user:3")


def test_an_empty_history_is_done_at_once(ear: Ear) -> None:
    actions.start_replay(consumer="ear", since=NOW - DAY, actor="user:3")
    run()
    assert queries.replays()[0].state == "done"


def test_the_command_line_runs_it_and_tells_how_far_it_is(ear: Ear) -> None:
    history()
    out = StringIO()
    call_command("replay", "ear", since="2026-11-12", stdout=out)
    assert out.getvalue().strip().endswith("Done: 10 facts heard again, 0 parked.")
    assert len(ear.again) == 10
    with pytest.raises(CommandError, match="is no date"):
        call_command("replay", "ear", since="yesterday")
    with pytest.raises(CommandError, match="deaf cannot be replayed"):
        call_command("replay", "deaf", since="2026-11-12")
    call_command("replay", "ear", since="2026-11-12T00:00:00+09:00", detach=True, stdout=out)
    assert queries.replays()[0].state == "running"


@pytest.mark.django_db(transaction=True)
def test_a_live_fact_of_another_lane_does_not_wait_for_a_batch(ear: Ear, postgres: str) -> None:
    """While a batch holds the lane of person 1, the lane of another person is free."""
    say(1, 1, NOW - DAY)
    dispatch.run_all()
    other = next(p for p in range(2, 100) if lane_key(p) != lane_key(1))
    seen: list[object] = []

    def look(batch) -> None:  # type: ignore[no-untyped-def]
        with psycopg.connect(postgres) as live:
            for person in (1, other):
                row = live.execute(
                    "SELECT 1 FROM timeline_lane WHERE lane_key = %s FOR UPDATE SKIP LOCKED", [lane_key(person)]
                ).fetchone()
                seen.append(row is not None)

    registry.reaction("ear", hears=["test.said"], order=1, replay=look)(ear.react)
    actions.start_replay(consumer="ear", since=NOW - 10 * DAY, actor="user:3")
    assert Replay.objects.count() == 1
    replay.run_once()
    assert seen == [False, True]
