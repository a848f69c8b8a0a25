"""Incremental equals full equals a plain Python oracle, after every change and every passing of time.

`HEADWATER_SOAK_TREES` sets how many random trees are tried (a slice in each test run), in parts that processors share,
a few trees in each random life.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.audience import actions, queries
from headwater.audience.compiler import sql, statements
from headwater.audience.engine import building
from headwater.audience.loops import retest_once
from headwater.audience.models import Segment
from headwater.core import clock
from headwater.people import actions as people
from headwater.people.facts import ContactCreated, ContactUpdated, TagAdded, TagRemoved
from headwater.people.models import Contact
from headwater.service.actions import tell_overdue
from headwater.timeline import dispatch
from headwater.timeline.actions import Custom, record

from .conditions import CONDITIONS, FIRMS, FIRST, INNER, PEOPLE, SECOND, START, STEPS, Condition
from .oracle import Firm, Person, World, drawn
from .selling import Selling, open_desk

TREES = int(os.environ.get("HEADWATER_SOAK_TREES", "20"))
#: Trees that are tried in one life, and lives in a part
TOGETHER = 4
PART = min(TREES // TOGETHER, 60)
PARTS = -(-TREES // (PART * TOGETHER))
Step = tuple[Any, ...]


def settle() -> None:
    tell_overdue()
    for _ in range(6):
        if not dispatch.run_once("audience") + retest_once():
            return


def custom(p: Person, name: str, value: Any) -> None:
    contact = Contact.objects.get(pk=p.pk)
    Contact.objects.filter(pk=p.pk).update(custom={**contact.custom, name: value})
    record(p.pk, ContactUpdated(changes={f"custom.{name}": [contact.custom.get(name), value]}))


@contextmanager
def as_many(*, parted: bool, crowd: bool) -> Iterator[None]:
    """Three people, asked about by the ways that are meant for a million (parted) and for many who are found."""
    with ExitStack() as ways:
        if parted:
            ways.enter_context(patch.object(statements, "MANY", -1))
        if crowd:
            ways.enter_context(patch.object(statements, "FEW", 0))
            ways.enter_context(patch.object(sql, "FEW", 0))
        yield


@dataclass
class Play(Selling):
    """A life: three people in two companies, two segments that can be taken in, and those that are tried."""

    conditions: list[Condition]
    world: World
    people: list[Person]
    firms: list[Firm]
    segments: list[Segment] = field(default_factory=list)

    def born(self) -> None:
        """The segments that are tried begin to live, now or later."""
        self.segments = [
            actions.create_segment(name=f"S {n}", definition=one, actor="test") for n, one in enumerate(self.conditions)
        ]
        building.run_all()

    def apply(self, step: Step) -> None:
        """One step, in truth and in the oracle's mind."""
        name, *rest = step
        if name in ("edit", "industry"):
            getattr(self, name)(*rest)
        elif name != "wait":
            getattr(self, name)(self.people[rest[0]], *rest[1:])

    def edit(self, key: str, condition: Condition) -> None:
        actions.update_segment(Segment.objects.get(key=key).pk, definition=condition, actor="test")
        building.run_all()
        self.world.segments[key] = condition

    def industry(self, number: int, value: str) -> None:
        firm = self.firms[number]
        people.update_company(firm.pk, actor="test", industry=value)
        firm.industry = value

    def firm(self, p: Person, number: int) -> None:
        p.firm = self.firms[number] if number >= 0 else None
        people.update_contact(p.pk, actor="test", company_id=p.firm.pk if p.firm else None)

    def event(self, p: Person, kind: str, path: str, offset: int, n: float) -> None:
        at = self.world.now + offset
        p.events.append((at, kind, path, n))
        record(p.pk, Custom(kind, {"path": path, "n": n, "amount": n}), at=START + timedelta(seconds=at))

    def seats(self, p: Person, value: int) -> None:
        custom(p, "seats", value)
        p.seats = value

    def due(self, p: Person, offset: int) -> None:
        p.due = self.world.now + offset
        custom(p, "due", (START + timedelta(seconds=p.due)).isoformat())

    def consent(self, p: Person, state: str) -> None:
        people.set_consent(p.pk, "email", state, topic="", proof={}, actor="test")
        p.consent = state

    def points(self, p: Person, points: int) -> None:
        actions.add_points([actions.Points(p.pk, points, "", "test")])
        p.points += points

    def pick(self, p: Person, side: str, key: str) -> None:
        for of in Segment.objects.filter(key=key) if key else self.segments:
            actions.pick_members(of.pk, [p.pk], side=side, actor="test")
            p.picked[of.key] = side

    def plan(self, p: Person, value: str) -> None:
        custom(p, "plan", value)
        if p.plan != value:
            p.plan, p.plan_since = value, self.world.now

    def tag(self, p: Person, tag: str) -> None:
        p.tags ^= {tag}
        Contact.objects.filter(pk=p.pk).update(tags=sorted(p.tags))
        record(p.pk, (TagAdded if tag in p.tags else TagRemoved)(tag=tag))

    def check(self, turn: int) -> None:
        """All answers agree. turn: picks whose membership is explained."""
        ids = [p.pk for p in self.people]
        for condition in self.conditions:
            oracle = {p.pk for p in self.people if self.world.holds(condition, p)}
            assert queries.matching(condition, ids) == oracle, f"full SQL, {condition}"
        for key in INNER:
            inner = Segment.objects.get(key=key)
            within = {p.pk for p in self.people if self.world.member(key, self.world.segments[key], p)}
            assert queries.are_members(inner.pk, ids) == within, f"incremental, {key}"
        counts = queries.counts() if self.segments else {}
        for s, condition in zip(self.segments, self.conditions, strict=False):
            whole = {p.pk for p in self.people if self.world.member(s.key, condition, p)}
            assert queries.are_members(s.pk, ids) == whole, f"incremental, {condition}"
            assert counts[s.pk] == len(whole), f"count, {condition}"
            with as_many(parted=turn % 2 == 1, crowd=turn % 3 == 1):
                shown = queries.preview(condition, sample=PEOPLE, key=s.key)[1]
            assert set(shown) == whole, f"preview, {condition}"
            one = ids[turn % PEOPLE]
            answer = queries.explain_membership(Segment.objects.get(pk=s.pk), one)
            assert answer, "explained"
            assert answer.holds == (one in whole), f"explanation, {condition}"


def play(
    conditions: list[Condition], inner: tuple[Condition, Condition], steps: list[tuple[int, Step]], born: int
) -> None:
    with clock.freeze(START):
        made = [Person(Contact.objects.create(created_at=START).pk) for _ in range(PEOPLE)]
        open_desk()
        firms = [Firm(people.create_company(actor="test", name=f"Firm {n}").pk) for n in range(FIRMS)]
        for key, one in zip(INNER, inner, strict=True):
            actions.create_segment(key=key, name=key, definition=one, actor="test")
        building.run_all()
    it = Play(conditions, World(0, dict(zip(INNER, inner, strict=True))), made, firms)
    for n, (passes, step) in enumerate(steps):
        it.world.now += passes
        with clock.freeze(START + timedelta(seconds=it.world.now)):
            if n == born % len(steps):
                it.born()
            it.apply(step)
            settle()
            it.check(n)


@pytest.mark.django_db
@pytest.mark.parametrize("part", range(PARTS))
@settings(
    max_examples=PART, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, derandomize=TREES == 20
)
@given(conditions=st.tuples(*[CONDITIONS] * TOGETHER), first=FIRST, second=SECOND, steps=STEPS)
def test_incremental_full_and_the_oracle_agree(
    part: int, conditions: tuple[Condition, ...], first: Condition, second: Condition, steps: list[tuple[int, Step]]
) -> None:
    with transaction.atomic():
        play(list(conditions), (first, second), steps, len(steps) % 4)
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_new_contact_is_in_where_its_conditions_hold_without_a_change() -> None:
    with clock.freeze(START):
        segment = actions.create_segment(name="S", definition={"not": {"event": "a.done", "within": "5s"}}, actor="t")
        building.run_all()
        person = Contact.objects.create(created_at=START).pk
        record(person, ContactCreated())
        settle()
        assert queries.are_members(segment.pk, [person]) == {person}


@pytest.mark.django_db
def test_the_oracle_draws_random_samples_as_postgresql_does() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i, s, mod(mod(hashint8extended(i, s), 10000) + 15808, 10000)::int "
            "FROM generate_series(1, 2000000000000, 99999999977) i, unnest(ARRAY[0, 1, -2, 3000000000]::bigint[]) s"
        )
        assert all(drawn(i, s) == n for i, s, n in cursor.fetchall())
