"""What happens to segments at the same time: two editors, people who go while a segment is built, months that go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from headwater.audience import actions, queries
from headwater.audience.compiler import ConditionError
from headwater.audience.engine import building, retired
from headwater.audience.engine.book import book
from headwater.audience.models import Segment, SegmentMember, SegmentRetest
from headwater.core import clock
from headwater.core.config import config
from headwater.people.actions import erase_people, merge_contacts
from headwater.timeline import dispatch, partitions

from .helpers import NOW, happened, person


def meanwhile(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Another colleague does this in another session: (thread, [what came of it])."""
    came: list[Any] = []

    def run() -> None:
        try:
            came.append(work())
        except Exception as error:
            came.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, came


def waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(cursor.fetchone()[0])


def first_then(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """`second` begins while `first` is not committed yet. Returns what came of it."""
    with transaction.atomic():
        first()
        thread, came = meanwhile(second)
        for _ in range(200):
            if waiting() or came:
                break
            thread.join(0.02)
        assert came == []
    thread.join(10)
    return came[0]


@pytest.mark.django_db(transaction=True)
def test_two_who_edit_at_once_make_no_circle_of_two_segments() -> None:
    one, two = (actions.create_segment(name=name, definition={"tag": "x"}, actor="t") for name in ("One", "Two"))
    came = first_then(
        lambda: actions.update_segment(one.pk, definition={"segment": "two"}, actor="t"),
        lambda: actions.update_segment(two.pk, definition={"segment": "one"}, actor="u"),
    )
    assert (type(came), str(came)) == (ConditionError, "$.segment: leads back to itself: two → one → two")
    building.run_all()
    assert {s.key for s in book().segments} == {"one", "two"}


@pytest.mark.django_db(transaction=True)
def test_what_somebody_begins_to_use_is_not_deleted_meanwhile() -> None:
    one = actions.create_segment(name="One", definition={"tag": "x"}, actor="t")
    model = actions.create_model(name="Fit", key="fit", actor="t")
    deleted = first_then(
        lambda: actions.create_segment(name="Two", definition={"segment": "one"}, actor="t"),
        lambda: actions.delete_segment(one.pk, actor="u"),
    )
    assert str(deleted) == "It is used by: Two"
    deleted = first_then(
        lambda: actions.create_segment(name="Fit ones", definition={"score": "fit", "value": 5}, actor="t"),
        lambda: actions.delete_model(model.pk, actor="u"),
    )
    assert str(deleted) == "It is used by: Fit ones"


@pytest.mark.django_db
def test_a_segment_for_which_points_are_given_does_not_come_to_ask_for_a_score() -> None:
    inner = actions.create_segment(name="Inner", definition={"tag": "x"}, actor="t")
    actions.create_segment(name="Outer", definition={"segment": "inner"}, actor="t")
    building.run_all()
    actions.create_rule(name="Is inside", condition={"segment": "outer"}, points=5, actor="t")
    with pytest.raises(ValueError, match=r"Points are given for being in this segment \(Is inside\)"):
        actions.update_segment(inner.pk, definition={"score": "engagement", "value": 50}, actor="t")
    assert Segment.objects.get(pk=inner.pk).definition == {"tag": "x"}


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["erased", "merged"])
def test_who_goes_while_a_segment_is_built_is_in_none(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    stays, goes = person(name="Ana", tags=["vip"], email="a@x.test"), person(name="Bo", tags=["vip"], email="b@x.test")
    made = actions.create_segment(name="VIP", definition={"tag": "vip"}, actor="t")
    write = building._write_draft

    def after_somebody_went(*args: Any) -> None:
        if how == "erased":
            erase_people([goes], reason="asked for", actor="t")
        else:
            merge_contacts(stays, goes, actor="t")
        write(*args)

    monkeypatch.setattr(building, "_write_draft", after_somebody_went)
    building.run_all()
    assert list(SegmentMember.objects.filter(segment_id=made.pk).values_list("person_id", flat=True)) == [stays]
    assert (queries.counts()[made.pk], SegmentRetest.objects.count()) == (1, 0)


@pytest.mark.django_db
def test_who_is_put_in_at_the_last_moment_of_a_build_is_in(monkeypatch: pytest.MonkeyPatch) -> None:
    a = person(name="Ana")
    made = actions.create_segment(name="VIP", definition={"tag": "vip"}, actor="t")
    still, asked = building._still, []

    def after_a_pick(s: Segment) -> bool:
        asked.append(s.build_cursor)
        if s.build_cursor == building.THROUGH and not Segment.objects.get(pk=s.pk).picked:
            actions.pick_members(s.pk, [a], side="in", actor="t")
            dispatch.run_once("audience")
        return still(s)

    monkeypatch.setattr(building, "_still", after_a_pick)
    building.run_all()
    assert asked[-1] == building.THROUGH
    assert queries.are_members(made.pk, [a]) == {a}


@pytest.mark.django_db
@pytest.mark.parametrize("op", ["within", "older_than", "within_next"])
def test_a_date_that_stands_for_never_can_be_explained(op: str) -> None:
    a = person(renewal_date=date(9999, 12, 31))
    made = actions.create_segment(
        name="Far", definition={"field": "contact.renewal_date", "op": op, "value": "30d"}, actor="t"
    )
    building.run_all()
    answer = queries.explain_membership(Segment.objects.get(pk=made.pk), a)
    turns = datetime(9999, 12, 1 if op == "within_next" else 31, tzinfo=UTC)
    assert answer is not None
    assert (answer.holds, answer.turns) == (False, turns)
    assert list(SegmentRetest.objects.values_list("due_at", flat=True)) == [turns]


@pytest.mark.django_db
def test_segments_follow_when_months_of_facts_are_retired(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = person(name="Old"), person(name="New")
    with clock.freeze(NOW):
        partitions.ensure(NOW - timedelta(days=800), NOW)
        happened(old, "x", NOW - timedelta(days=700))
        happened(new, "x", NOW - timedelta(days=10))
        dispatch.run_once("audience")
        ever = actions.create_segment(name="Ever", definition={"event": "x"}, actor="t")
        never = actions.create_segment(name="Never", definition={"not": {"segment": "ever"}}, actor="t")
        lately = actions.create_segment(name="Lately", definition={"event": "x", "within": "30d"}, actor="t")
        building.run_all()
    assert [queries.counts().get(s.pk, 0) for s in (ever, never, lately)] == [2, 0, 1]
    monkeypatch.setattr(config, "keep_facts_months", 12)
    with clock.freeze(NOW + timedelta(minutes=1)):
        assert retired.run_once() == 0
        assert partitions.retire() > 0
    with clock.freeze(NOW + timedelta(minutes=2)):
        assert (retired.run_once(), Segment.objects.get(pk=lately.pk).state) == (2, "ready")
        building.run_all()
        assert [queries.counts().get(s.pk, 0) for s in (ever, never, lately)] == [1, 1, 1]
        assert retired.run_once() == 0
