"""Recording, reading back, idempotency, order, and reactions that commit with their position."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from headwater.core.facts import Fact, _, fact
from headwater.timeline import actions, dispatch, queries, registry
from headwater.timeline.actions import Custom, NewFact
from headwater.timeline.models import LaneLog, LanePosition, Parked, StoredFact

pytestmark = pytest.mark.django_db(transaction=False)
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@fact("test.happened", icon="zap", hue=60, group="system", says=_("{person} did {what}"))
class Happened(Fact):
    what: str
    size: int = 0


def test_a_fact_is_read_back_as_it_was_recorded() -> None:
    made = actions.record(7, Happened(what="x"), at=AT, actor="user:3")
    (entry,) = queries.read(7)
    assert (entry.id, entry.at, entry.kind, entry.data, entry.actor) == (
        made,
        AT,
        "test.happened",
        {"what": "x"},
        "user:3",
    )
    assert entry.fact == Happened(what="x", size=0)
    assert entry.look.says == "{person} did {what}"


def test_the_same_id_is_recorded_once_and_its_lane_stays_in_order() -> None:
    key = uuid.UUID(int=5)
    assert actions.record(7, Happened(what="a"), at=AT, id=key) == key
    assert actions.record(7, Happened(what="a"), at=AT, id=key) is None
    actions.record(7, Happened(what="b"), at=AT)
    assert list(LaneLog.objects.order_by("seq").values_list("seq", "data")) == [
        (1, {"what": "a"}),
        (3, {"what": "b"}),
    ]
    assert StoredFact.objects.count() == 2


def test_pages_of_a_timeline_meet_without_gap_or_overlap() -> None:
    actions.record_many([NewFact(7, Custom("api.thing", {"n": n}), AT + timedelta(minutes=n // 2)) for n in range(25)])
    seen: list[int] = []
    before = ""
    while page := queries.read(7, before=before, limit=10):
        seen += [e.data["n"] for e in page]
        before = page[-1].cursor
    assert sorted(seen) == list(range(25))
    assert [n // 2 for n in seen] == sorted((n // 2 for n in range(25)), reverse=True)


def test_a_malformed_cursor_is_refused() -> None:
    with pytest.raises(ValueError, match="not a timeline cursor: 'nonsense'"):
        queries.read(7, before="nonsense")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """A consumer of its own that writes down what it hears and fails on the word "poison"."""
    monkeypatch.setattr(registry, "_consumers", {})
    out: list[tuple[int, str]] = []

    @registry.reaction("test", hears=["test.happened"], order=1)
    def hear(batch) -> None:  # type: ignore[no-untyped-def]
        if any(e.data["what"] == "poison" for e in batch):
            raise RuntimeError("cannot digest")
        out.extend((e.person_id, e.data["what"]) for e in batch)

    actions.ensure_consumers()
    return out


def test_a_reaction_hears_each_fact_once_in_order(heard: list[tuple[int, str]]) -> None:
    actions.record_many([NewFact(p, Happened(what=w)) for w in "abc" for p in (1, 2)])
    assert dispatch.run_once("test") == 6
    assert dispatch.run_once("test") == 0
    assert [w for p, w in heard if p == 1] == ["a", "b", "c"]
    assert [w for p, w in heard if p == 2] == ["a", "b", "c"]


def test_a_fact_that_cannot_be_digested_is_parked_and_the_lane_goes_on(heard: list[tuple[int, str]]) -> None:
    for what in ("a", "poison", "b"):
        actions.record(1, Happened(what=what))
    actions.record(2, Happened(what="elsewhere"))
    dispatch.run_once("test")
    assert sorted(heard) == [(1, "a"), (1, "b"), (2, "elsewhere")]
    (parked,) = Parked.objects.all()
    assert (parked.person_id, parked.seq, parked.kind) == (1, 2, "test.happened")
    assert "cannot digest" in parked.error
    assert dispatch.run_once("test") == 0


def test_a_gap_at_the_end_of_a_lane_is_no_news(heard: list[tuple[int, str]]) -> None:
    key = uuid.UUID(int=9)
    actions.record(1, Happened(what="a"), at=AT, id=key)
    actions.record(1, Happened(what="a"), at=AT, id=key)
    assert dispatch.run_once("test") == 2  # the gap is passed too
    assert heard == [(1, "a")]
    assert dispatch.run_once("test") == 0
    assert LanePosition.objects.filter(consumer="test", seq=2).count() == 1


def test_the_anonymous_past_moves_over_and_is_heard(heard: list[tuple[int, str]]) -> None:
    rows = [(99, AT - timedelta(days=n), uuid.UUID(int=n), "test.happened", {"what": f"view {n}"}) for n in range(3)]
    actions.record_anonymous(rows)
    assert actions.adopt([(99, 1)]) == 3
    assert [e.data["what"] for e in queries.read(1)] == ["view 0", "view 1", "view 2"]
    dispatch.run_once("test")
    assert heard == [(1, "view 2"), (1, "view 1"), (1, "view 0")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM timeline_visitorfact")
        assert cursor.fetchone() == (0,)


def test_the_queue_is_pruned_below_its_slowest_reader(heard: list[tuple[int, str]]) -> None:
    actions.record(1, Happened(what="a"))
    assert dispatch.prune(timedelta(0)) == 0
    dispatch.run_once("test")
    assert dispatch.prune(timedelta(0)) == 1
    assert StoredFact.objects.count() == 1
