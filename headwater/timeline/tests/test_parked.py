"""Parked facts: tried again with effect and un-parking in one transaction, or given up with a note."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection

from headwater.core.lanes import lane_key
from headwater.timeline import actions, dispatch, queries, registry
from headwater.timeline.actions import Custom, Place
from headwater.timeline.models import Operation

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


class Ear:
    """A consumer "test" that hears "test.said" and cannot digest the words in `bad`."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, str]] = []
        self.bad: set[str] = {"poison"}
        self.lanes: list[set[int]] = []

    def react(self, batch) -> None:  # type: ignore[no-untyped-def]
        self.lanes.append(set(connection.headwater_lanes))
        for e in batch:
            if e.data["what"] in self.bad:
                raise RuntimeError(f"cannot digest {e.data['what']}")
        self.heard += [(e.person_id, e.data["what"]) for e in batch]


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Ear:
    monkeypatch.setattr(registry, "_consumers", {})
    made = Ear()
    registry.reaction("test", hears=["test.said"], order=1)(made.react)
    actions.ensure_consumers()
    return made


def say(person: int, *words: str) -> None:
    for word in words:
        actions.record(person, Custom("test.said", {"what": word}), at=AT)


def test_a_retry_has_the_effect_and_takes_the_fact_off_the_list(ear: Ear) -> None:
    say(1, "a", "poison", "b")
    dispatch.run_once("test")
    (row,) = queries.parked()
    assert (row.key, row.reason) == (f"test:{lane_key(1)}:2", "RuntimeError: cannot digest poison")
    ear.bad.clear()
    assert actions.retry(places=[actions.place(row.key)], actor="user:3") == actions.Retried(1, 0)
    assert ear.heard == [(1, "a"), (1, "b"), (1, "poison")]
    assert ear.lanes[-1] == {lane_key(1)}
    assert queries.parked_counts() == {}
    (line,) = queries.journal()
    assert (line.what, line.subject, line.actor, line.detail["facts"]) == ("parked.retried", "test", "user:3", 1)
    assert actions.retry(places=[actions.place(row.key)], actor="user:3") == actions.Retried(0, 0)
    assert len(ear.heard) == 3


def test_a_retry_that_fails_again_says_so_and_stays_parked(ear: Ear) -> None:
    say(1, "poison")
    dispatch.run_once("test")
    (row,) = queries.parked()
    ear.bad = {"poison"}
    assert actions.retry(places=[actions.place(row.key)], actor="user:3") == actions.Retried(0, 1)
    (again,) = queries.parked()
    assert (again.attempts, again.tried_at is not None, again.parked_at) == (2, True, row.parked_at)
    assert "cannot digest poison" in again.error
    assert Operation.objects.count() == 0


def test_all_of_a_consumer_are_retried_and_only_those_that_fail_stay(ear: Ear) -> None:
    ear.bad = {"poison", "venom"}
    for person in range(1, 8):
        say(person, "poison", "fine", "venom")
    dispatch.run_once("test")
    assert queries.parked_counts() == {"test": 14}
    ear.bad = {"venom"}
    assert actions.retry_all(consumer="test", actor="user:3") == actions.Retried(7, 7, 0)
    assert {p.person_id for p in queries.parked()} == set(range(1, 8))
    assert sorted(ear.heard) == sorted((p, w) for p in range(1, 8) for w in ("fine", "poison"))
    ear.bad = set()
    assert actions.retry_all(consumer="test", actor="user:3", limit=3) == actions.Retried(3, 0, 4)


def test_the_effect_and_the_un_parking_are_one_transaction(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    say(1, "poison")
    dispatch.run_once("test")
    ear.bad.clear()

    def break_off(*args: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("headwater.timeline.actions.parked.note_down", break_off)
    with pytest.raises(KeyboardInterrupt):
        actions.retry_all(consumer="test", actor="user:3")
    assert queries.parked_counts() == {"test": 1}


def test_a_fact_that_left_the_history_can_only_be_discarded(ear: Ear) -> None:
    say(1, "poison")
    dispatch.run_once("test")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM timeline_fact")
    ear.bad.clear()
    assert actions.retry_all(consumer="test", actor="user:3") == actions.Retried(0, 1, 0)
    (row,) = queries.parked()
    assert row.reason.startswith("The fact is no longer in the history")
    assert actions.discard_all(consumer="test", note="Test data", actor="user:3") == 1
    assert (queries.parked_counts(), ear.heard) == ({}, [])


def test_discarding_needs_a_note_and_is_written_down(ear: Ear) -> None:
    say(1, "poison", "poison")
    dispatch.run_once("test")
    places = [Place(p.lane_key, p.seq, p.consumer) for p in queries.parked()]
    with pytest.raises(ValueError, match="a note is needed"):
        actions.discard(places=places, note="  ", actor="user:3")
    assert actions.discard(places=places[:1], note="Sent by a broken client", actor="user:3") == 1
    (line,) = queries.journal()
    assert (line.what, line.note, line.detail["kinds"]) == (
        "parked.discarded",
        "Sent by a broken client",
        {"test.said": 1},
    )
    assert queries.parked_counts() == {"test": 1}


def test_a_reaction_that_this_release_lacks_keeps_its_facts_parked(ear: Ear) -> None:
    say(1, "poison")
    dispatch.run_once("test")
    registry._consumers.clear()
    assert actions.retry_all(consumer="test", actor="user:3") == actions.Retried(0, 1, 0)
    assert queries.parked()[0].reason == "LookupError: this release has no reaction named 'test'"


def test_a_key_that_names_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="'nonsense' names no parked fact"):
        actions.place("nonsense")
