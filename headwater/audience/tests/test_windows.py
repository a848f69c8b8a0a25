"""The cases of cases/windows.json: who is in when, by events, by fields, and by time alone."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from headwater.audience import actions, queries
from headwater.audience.engine import building
from headwater.audience.loops import retest_once
from headwater.audience.models import SegmentRetest
from headwater.core import clock
from headwater.people.facts import ContactCreated, ContactUpdated
from headwater.people.models import Contact
from headwater.timeline import dispatch
from headwater.timeline import queries as timeline
from headwater.timeline.actions import Custom, NewFact, record, record_many
from headwater.timeline.models import StoredFact

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PATH = Path(__file__).resolve().parents[3] / "tests" / "cases" / "windows.json"
CASES = json.loads(PATH.read_text())["cases"]


def settle() -> None:
    """What the worker does at this moment."""
    for _ in range(5):
        if not dispatch.run_once("audience") + retest_once():
            return


def play(case: dict[str, Any]) -> tuple[list[list[Any]], int]:
    """The answers at the asked seconds and how often the person has entered."""
    moments: list[tuple[float, int, Any]] = [(e[0], 0, ("event", e)) for e in case.get("events", [])]
    moments += [(c[0], 0, ("change", c)) for c in case.get("changes", [])]
    moments += [(e[0], 1, ("ask", e)) for e in case["expect"]]
    first = case.get("first_asked", 0)
    answers = []
    with clock.freeze(START):
        segment = actions.create_segment(name=case["name"], definition=case["segment"], actor="test")
        building.run_all()
        person = Contact.objects.create(
            created_at=START, custom=dict(case.get("fields", {})), customer_since=case.get("since")
        ).pk
        record(person, ContactCreated(source="test"))
        if not first:
            settle()
    for second, _, (what, item) in sorted(moments, key=lambda m: m[:2]):
        with clock.freeze(START + timedelta(seconds=second)):
            if what == "event":
                record(person, Custom(item[1], item[2] if len(item) > 2 else {}))
            elif what == "change":
                contact = Contact.objects.get(pk=person)
                changes = {k: [contact.custom.get(k), v] for k, v in item[1].items()}
                Contact.objects.filter(pk=person).update(custom={**contact.custom, **item[1]})
                record(person, ContactUpdated(changes=changes))
            if second >= first:
                settle()
            if what == "ask":
                inside = bool(queries.are_members(segment.pk, [person]))
                answers.append([second, "in" if inside else "out"])
                # the same from nothing but the data: for her alone, and over all people
                assert bool(queries.matching(case["segment"], [person])) is inside
                assert queries.preview(case["segment"]) == (int(inside), [person] if inside else [])
    entries = timeline.read(person, kinds=["segment.entered"], limit=100)
    return answers, len(entries)


def test_all_cases_are_here() -> None:
    assert [len(CASES), sum(len(case["expect"]) for case in CASES)] == [8, 16]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_a_window_lets_people_in_and_out_at_its_second(case: dict[str, Any]) -> None:
    answers, entries = play(case)
    assert answers == case["expect"]
    if "entries" in case:
        assert entries == case["entries"]


def test_a_date_is_within_the_last_days_until_the_second_its_midnight_leaves_them() -> None:
    """START is 2 November, 9:00: the first of November has been for 33 hours."""
    case = {
        "name": "a date",
        "segment": {"field": "contact.customer_since", "op": "within", "value": "2d"},
        "since": "2026-11-01",
        "expect": [[1, "in"], [53_999, "in"], [54_000, "out"]],
    }
    assert play(case)[0] == case["expect"]


def test_a_custom_date_does_the_same() -> None:
    case = {
        "name": "a date",
        "segment": {"field": "contact.trial_ends", "as": "date", "op": "within_next", "value": "1d"},
        "fields": {"trial_ends": "2026-11-04"},
        "expect": [[53_999, "out"], [54_000, "in"], [140_400, "in"], [140_401, "out"]],
    }
    assert play(case)[0] == case["expect"]


def test_five_thousand_windows_that_end_in_the_same_second_are_all_closed_in_three_batches() -> None:
    count = 5000
    with clock.freeze(START):
        segment = actions.create_segment(name="S", definition={"event": "a.done", "within": "10s"}, actor="test")
        building.run_all()
        made = Contact.objects.bulk_create([Contact(created_at=START) for _ in range(count)], batch_size=1000)
        people = [c.pk for c in made]
        record_many([NewFact(p, Custom("a.done", {})) for p in people])
        while dispatch.run_once("audience"):
            pass
        assert (queries.counts()[segment.pk], SegmentRetest.objects.count()) == (count, count)
    with clock.freeze(START + timedelta(seconds=9, microseconds=999_999)):
        assert retest_once() == 0
    with clock.freeze(START + timedelta(seconds=10)):
        assert [retest_once() for _ in range(4)] == [2000, 2000, 1000, 0]
        assert (queries.counts()[segment.pk], SegmentRetest.objects.count()) == (0, 0)
        assert queries.are_members(segment.pk, people) == set()
    left = StoredFact.objects.filter(kind="segment.left").values_list("person_id", "at")
    assert Counter(left) == Counter((p, START + timedelta(seconds=10)) for p in people)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [{}, {"count": {"op": "gte", "value": 1}, "sum": {"prop": "n", "value": 1}}])
def test_between_two_days_of_which_one_is_to_come_counts_what_has_happened_alone(count: dict[str, Any]) -> None:
    """A fact that is dated ahead is shown, built and held from its second on, and not before."""
    now = datetime(2026, 5, 4, 9, tzinfo=UTC)
    condition = {"event": "a.done", "between": ["2026-05-04", "2026-05-06"], **count}
    with clock.freeze(now):
        one = Contact.objects.create(created_at=now).pk
        record(one, Custom("a.done", {"n": 2}), at=now + timedelta(seconds=3))
        segment = actions.create_segment(name="S", definition=condition, actor="test")
        building.run_all()
        settle()
        assert (queries.preview(condition)[0], queries.are_members(segment.pk, [one])) == (0, set())
    with clock.freeze(now + timedelta(seconds=3)):
        settle()
        assert (queries.preview(condition)[0], queries.are_members(segment.pk, [one])) == (1, {one})
