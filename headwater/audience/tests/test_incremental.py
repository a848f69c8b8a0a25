"""Incremental equals full equals a plain Python oracle, after every change and every passing of time.

`HEADWATER_SOAK_TREES` sets how many random trees are tried (a slice in each test run).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.audience import actions, queries
from headwater.audience.engine import building
from headwater.audience.loops import retest_once
from headwater.core import clock
from headwater.people.actions import set_consent
from headwater.people.facts import ContactCreated, ContactUpdated, TagAdded, TagRemoved
from headwater.people.models import Contact
from headwater.timeline import dispatch
from headwater.timeline.actions import Custom, record

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
TREES = int(os.environ.get("HEADWATER_SOAK_TREES", "20"))
PEOPLE = 3


@dataclass
class Person:
    """What the oracle knows of somebody: seconds since START."""

    pk: int
    created: int = 0
    plan: str | None = None
    plan_since: int | None = None
    tags: set[str] = field(default_factory=set)
    events: list[tuple[int, str, str, int]] = field(default_factory=list)  # at, kind, path, n
    seats: int | None = None
    due: int | None = None
    consent: str = "none"
    points: int = 0
    picked: str = ""


# ---- random conditions ----

SPANS = st.integers(2, 12).map(lambda n: f"{n}s")
WHERE = st.sampled_from(
    [None, [{"prop": "path", "op": "starts_with", "value": "/p"}], [{"prop": "path", "op": "ne", "value": "/b"}]]
)
COUNT = st.one_of(
    st.none(),
    st.fixed_dictionaries({"op": st.sampled_from(["gte", "gt", "lt", "lte", "eq", "ne"]), "value": st.integers(0, 3)}),
    st.tuples(st.integers(0, 2), st.integers(0, 2)).map(lambda t: {"op": "between", "value": [t[0], t[0] + t[1]]}),
)
EDGE = st.one_of(st.none(), st.fixed_dictionaries({"op": st.sampled_from(["within", "older_than"]), "value": SPANS}))


def _without_none(raw: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in raw.items() if v is not None}


SUM = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {"prop": st.just("n"), "op": st.sampled_from(["gte", "lt"]), "value": st.integers(1, 6)},
    ),
)
BETWEEN = st.tuples(st.integers(0, 10), st.integers(0, 20)).map(
    lambda t: [(START + timedelta(seconds=t[0] + after)).isoformat() for after in (0, t[1])]
)


def _one_window(raw: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in raw.items() if not (k == "between" and "within" in raw)}


EVENTS = (
    st.fixed_dictionaries(
        {
            "sum": SUM,
            "max": SUM,
            "between": st.one_of(st.none(), st.none(), BETWEEN),
            "event": st.sampled_from(["a.done", "b.done"]),
            "where": WHERE,
            "count": COUNT,
            "within": st.one_of(st.none(), SPANS),
            "first": EDGE,
            "last": EDGE,
        }
    )
    .map(_without_none)
    .map(_one_window)
)
FIELDS = st.one_of(
    st.sampled_from([{"field": "contact.plan", "op": op, "value": "x"} for op in ("eq", "ne")]),
    st.just({"field": "contact.plan", "op": "empty"}),
    SPANS.map(lambda s: {"field": "contact.plan", "op": "held_for", "value": s, "equals": "x"}),
    st.tuples(st.sampled_from(["within", "older_than"]), SPANS).map(
        lambda t: {"field": "contact.created_at", "op": t[0], "value": t[1]}
    ),
    st.tuples(st.sampled_from(["within", "older_than", "within_next"]), SPANS).map(
        lambda t: {"field": "contact.due", "as": "datetime", "op": t[0], "value": t[1]}
    ),
    st.tuples(st.sampled_from(["gte", "lt", "eq", "ne"]), st.integers(1, 3)).map(
        lambda t: {"field": "contact.seats", "as": "number", "op": t[0], "value": t[1]}
    ),
)
OTHERS = st.one_of(
    st.sampled_from([{"tag": "t"}, {"tag": "u"}]),
    st.sampled_from(["granted", "withdrawn", "none"]).map(lambda s: {"consent": "email", "state": s}),
    st.tuples(st.sampled_from(["gte", "lt"]), st.integers(0, 6)).map(
        lambda t: {"score": "engagement", "op": t[0], "value": t[1]}
    ),
)
LEAVES = st.one_of(EVENTS, EVENTS, FIELDS, OTHERS)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda c: {"all": c}),
        st.lists(inner, min_size=1, max_size=3).map(lambda c: {"any": c}),
        inner.map(lambda c: {"not": c}),
    ),
    max_leaves=6,
)
WHO = st.integers(0, PEOPLE - 1)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 6),  # seconds that pass before
        st.one_of(
            st.tuples(st.just("event"), WHO, st.sampled_from(["a.done", "b.done"]), st.sampled_from(["/p", "/b"]),
                      st.integers(-4, 3), st.integers(1, 3)),
            st.tuples(st.just("seats"), WHO, st.integers(1, 3)),
            st.tuples(st.just("due"), WHO, st.integers(-6, 12)),
            st.tuples(st.just("consent"), WHO, st.sampled_from(["granted", "withdrawn"])),
            st.tuples(st.just("points"), WHO, st.sampled_from([-2, 3])),
            st.tuples(st.just("pick"), WHO, st.sampled_from(["in", "out", ""])),
            st.tuples(st.just("plan"), WHO, st.sampled_from(["x", "y"])),
            st.tuples(st.just("tag"), WHO, st.sampled_from(["t", "u"])),
            st.tuples(st.just("wait")),
        ),
    ),
    min_size=3,
    max_size=10,
)  # fmt: skip


# ---- the oracle ----


def seconds(text: str) -> int:
    return int(text[:-1])


def moment(at: int | None, op: str, value: str, now: int) -> bool:
    if at is None:
        return False
    return now - seconds(value) < at <= now if op == "within" else at <= now - seconds(value)


def compare(n: int, op: str, value: Any) -> bool:
    if op == "between":
        return bool(value[0] <= n <= value[1])
    return bool({"gte": n >= value, "gt": n > value, "lt": n < value, "lte": n <= value, "eq": n == value,
                 "ne": n != value}[op])  # fmt: skip


def fits(path: str, where: list[dict[str, Any]]) -> bool:
    return all(path.startswith("/p") if c["op"] == "starts_with" else path != "/b" for c in where)


def holds(c: dict[str, Any], p: Person, now: int) -> bool:
    if "all" in c:
        return all(holds(x, p, now) for x in c["all"])
    if "any" in c:
        return any(holds(x, p, now) for x in c["any"])
    if "not" in c:
        return not holds(c["not"], p, now)
    if "tag" in c:
        return c["tag"] in p.tags
    if "field" in c:
        return _field(c, p, now)
    if "consent" in c:
        return p.consent == c["state"]
    if "score" in c:
        return compare(p.points, c["op"], c["value"])
    mine = [e for e in p.events if e[1] == c["event"] and e[0] <= now and fits(e[2], c.get("where", []))]
    times = [e[0] for e in mine]
    counted = [e for e in mine if "within" not in c or e[0] > now - seconds(c["within"])]
    if "between" in c:
        low, high = ((datetime.fromisoformat(d) - START).total_seconds() for d in c["between"])
        counted = [e for e in counted if low <= e[0] <= high]
    for name, of in (("sum", sum), ("max", max)):
        if name in c and not (counted and compare(of(e[3] for e in counted), c[name]["op"], c[name]["value"])):
            return False
    count = c.get("count", {"op": "gte", "value": 1})
    return (
        compare(len(counted), count["op"], count["value"])
        and ("first" not in c or moment(min(times, default=None), c["first"]["op"], c["first"]["value"], now))
        and ("last" not in c or moment(max(times, default=None), c["last"]["op"], c["last"]["value"], now))
    )


def _field(c: dict[str, Any], p: Person, now: int) -> bool:
    if c["field"] == "contact.created_at":
        return moment(p.created, c["op"], c["value"], now)
    if c["field"] == "contact.seats":
        return compare(p.seats, c["op"], c["value"]) if p.seats is not None else c["op"] == "ne"
    if c["field"] == "contact.due":
        if c["op"] == "within_next":
            return p.due is not None and now <= p.due <= now + seconds(c["value"])
        return moment(p.due, c["op"], c["value"], now)
    if c["op"] == "empty":
        return not p.plan
    if c["op"] == "held_for":
        since = p.created if p.plan_since is None else p.plan_since
        return p.plan == c["equals"] and since <= now - seconds(c["value"])
    return (p.plan == c["value"]) == (c["op"] == "eq")


# ---- playing it ----


def settle() -> None:
    for _ in range(6):
        if not dispatch.run_once("audience") + retest_once():
            return


def custom(p: Person, name: str, value: Any) -> None:
    contact = Contact.objects.get(pk=p.pk)
    Contact.objects.filter(pk=p.pk).update(custom={**contact.custom, name: value})
    record(p.pk, ContactUpdated(changes={f"custom.{name}": [contact.custom.get(name), value]}))


def apply(step: tuple[Any, ...], people: list[Person], now: int, segment: int | None) -> None:
    if step[0] == "wait":
        return
    p = people[step[1]]
    if step[0] == "event":
        _, _, kind, path, offset, n = step
        at = now + offset
        p.events.append((at, kind, path, n))
        record(p.pk, Custom(kind, {"path": path, "n": n}), at=START + timedelta(seconds=at))
    elif step[0] == "seats":
        custom(p, "seats", step[2])
        p.seats = step[2]
    elif step[0] == "due":
        p.due = now + step[2]
        custom(p, "due", (START + timedelta(seconds=p.due)).isoformat())
    elif step[0] == "consent":
        set_consent(p.pk, "email", step[2], topic="", proof={}, actor="test")
        p.consent = step[2]
    elif step[0] == "points":
        actions.add_points([actions.Points(p.pk, step[2], "", "test")])
        p.points += step[2]
    elif step[0] == "pick":
        if segment is not None:
            actions.pick_members(segment, [p.pk], side=step[2], actor="test")
            p.picked = step[2]
    elif step[0] == "plan":
        custom(p, "plan", step[2])
        if p.plan != step[2]:
            p.plan, p.plan_since = step[2], now
    else:
        p.tags ^= {step[2]}
        Contact.objects.filter(pk=p.pk).update(tags=sorted(p.tags))
        record(p.pk, (TagAdded if step[2] in p.tags else TagRemoved)(tag=step[2]))


def play(condition: dict[str, Any], steps: list[tuple[int, tuple[Any, ...]]], born: int) -> None:
    now = 0
    with clock.freeze(START):
        people = [Person(Contact.objects.create(created_at=START).pk) for _ in range(PEOPLE)]
        ids = [p.pk for p in people]
    segment = None
    for n, (passes, step) in enumerate(steps):
        now += passes
        with clock.freeze(START + timedelta(seconds=now)):
            if n == born % len(steps):
                segment = actions.create_segment(name="S", definition=condition, actor="test")
                building.run_all()
            apply(step, people, now, segment.pk if segment else None)
            settle()
            oracle = {p.pk for p in people if holds(condition, p, now)}
            assert queries.matching(condition, ids) == oracle, "full SQL"
            if segment is not None:
                whole = {p.pk for p in people if p.picked == "in" or (p.pk in oracle and p.picked != "out")}
                assert queries.are_members(segment.pk, ids) == whole, "incremental"
                assert queries.counts()[segment.pk] == len(whole), "count"
                assert set(queries.preview(condition, sample=PEOPLE, key=segment.key)[1]) == whole, "preview"


@pytest.mark.django_db
@settings(
    max_examples=TREES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, derandomize=TREES == 20
)
@given(condition=CONDITIONS, steps=STEPS, born=st.integers(0, 3))
def test_incremental_full_and_the_oracle_agree(condition: Any, steps: Any, born: int) -> None:
    with transaction.atomic():
        play(condition, steps, born)
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
