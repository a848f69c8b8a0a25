"""Conditions on events as functions of a person and the moment: properties, count, window, sums, first and last."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from headwater.audience import rules as audience
from headwater.audience.compiler.checks import moment, moment_after

from ...rules import matching
from . import values

if TYPE_CHECKING:
    from .person import Person, Way

Leaf = Mapping[str, Any]
Test = Callable[["Person", "Way"], bool]
Matches = Callable[[Mapping[str, Any]], bool]
SUMS: dict[str, Callable[[list[Decimal]], Decimal]] = {
    "sum": lambda found: sum(found, Decimal()),
    "avg": lambda found: sum(found, Decimal()) / len(found),
    "min": min,
    "max": max,
}
TICK = timedelta(microseconds=1)


def event_test(number: int, node: Leaf) -> Test:
    """The condition of a segment on an event. number: of the leaf, by which what was found is kept for each person."""
    if set(node) <= {"event", "where", "count", "within"}:
        return _often(number, node)
    return _whole(number, node)


def _often(number: int, node: Leaf) -> Test:
    kind, where = str(node["event"]), audience.where_test(node.get("where") or [])
    times, enough = times_of(number, kind, where), matching.enough(node.get("count"))
    window = audience.span(node["within"]) if node.get("within") else None

    def many(person: Person, way: Way) -> bool:
        start = way.now - window if window else None
        return enough(within(times(person), start, way.now) + way.happened(kind, start, where))

    return many


def _whole(number: int, node: Leaf) -> Test:
    kind, where = str(node["event"]), audience.where_test(node.get("where") or [])
    enough = matching.enough(node.get("count"))
    edges = [(pick, truth) for pick, key in ((min, "first"), (max, "last")) if (truth := _edge(node.get(key)))]
    sums = [(name, node[name]["prop"], _measure(node[name])) for name in SUMS if name in node]

    def holds(person: Person, way: Way) -> bool:
        found = person.memo.get(number)
        if found is None:
            found = person.memo[number] = [(at, said) for at, data in person.of_kind(kind) if where(said := data())]
        own = [(at, data) for at, its, data in way.events if its == kind and where(data)]
        told = [one for one in (*found, *own) if one[0] <= way.now]
        since, until = _window(node, way.now)
        inside = [data for at, data in told if (since is None or at > since) and at <= until]
        return (
            enough(len(inside))
            and all(test(SUMS[name], _numbers(inside, prop), way.now) for name, prop, test in sums)
            and all(truth(pick((at for at, _data in told), default=None), way.now) for pick, truth in edges)
        )

    return holds


def _window(node: Leaf, now: datetime) -> tuple[datetime | None, datetime]:
    """Since when (exclusive) and until when (inclusive) events count."""
    if node.get("between"):
        low = moment(node["between"][0])
        return (low - TICK if low else None), min(now, moment_after(node["between"][1]) - TICK)
    return (now - audience.span(node["within"]) if node.get("within") else None), now


def _numbers(inside: list[Mapping[str, Any]], prop: str) -> list[Decimal]:
    found = (values.number_of(audience.prop(data, prop)) for data in inside)
    return [n for n in found if n is not None]


def _measure(said: Leaf) -> Callable[[Callable[[list[Decimal]], Decimal], list[Decimal], datetime], bool]:
    truth = values.of_type("number", said.get("op", "gte"), said["value"])
    assert truth is not None
    return lambda take, found, now: truth(take(found) if found else None, now)


def _edge(said: Leaf | None) -> values.Truth | None:
    return values.of_type("datetime", said["op"], said["value"]) if said else None


def times_of(number: int, kind: str, matches: Matches) -> Callable[[Person], list[datetime]]:
    """When such facts happened with a person, sorted; worked out once for each person."""

    def times(person: Person) -> list[datetime]:
        found: list[datetime] | None = person.memo.get(number)
        if found is None:
            found = person.memo[number] = [at for at, data in person.of_kind(kind) if matches(data())]
        return found

    return times


def within(times: list[datetime], start: datetime | None, end: datetime) -> int:
    """How many lie in (start, end]."""
    return bisect_right(times, end) - (bisect_right(times, start) if start is not None else 0)
