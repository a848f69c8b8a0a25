"""Points for a batch of facts: rules matched in Python, written with a constant number of statements.

The caller holds the lanes of all people of the batch, so what is read here cannot change before it is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import connection

from headwater.audience import facts
from headwater.audience.rules import COLD, band
from headwater.timeline.actions import NewFact, record_many

from .book import Book, Rule


class Happened(Protocol):
    """What scoring needs to know of a fact (timeline's Event has it)."""

    @property
    def person_id(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def id(self) -> UUID: ...
    @property
    def kind(self) -> str: ...
    @property
    def data(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Entry:
    person_id: int
    at: datetime
    fact_id: UUID
    rule_id: int
    model_id: int
    points: int
    kind: str
    reason: str = ""
    actor: str = "system"


#: (person, model) whose points changed
Changed = set[tuple[int, int]]


def score(events: Sequence[Happened], book: Book, now: datetime, *, tell: bool = True) -> Changed:
    """Match the rules against the facts, write the ledger and the scores; returns whose points changed."""
    hits = [(e, r) for e in events for r in book.rules.get(e.kind, ()) if r.test(e.data)]
    if not hits:
        return set()
    return post(_capped(hits), book, now, tell=tell)


def post(entries: Iterable[Entry], book: Book, now: datetime, *, tell: bool = True) -> Changed:
    """Write entries that are not in the ledger yet, add them to the scores, and record changes of band."""
    new = _insert([e for e in entries if e.points])
    delta: dict[tuple[int, int], int] = defaultdict(int)
    for person_id, model_id, points in new:
        delta[person_id, model_id] += points
    before = _points(list(delta))
    rows, told = [], []
    for (person_id, model_id), plus in delta.items():
        model = book.models.get(model_id)
        warm, hot = (model.warm, model.hot) if model else (20, 60)
        old, was = before.get((person_id, model_id), (0, COLD))
        points = old + plus
        became = band(points, warm, hot)
        rows.append((person_id, model_id, points, became))
        if became != was and model is not None:
            changed = facts.ScoreBandChanged(model=model.key, before=was, after=became, points=points)
            told.append(NewFact(person_id, changed, now))
    put(rows, now)
    if tell and told:
        record_many(told)
    return set(delta)


def _capped(hits: list[tuple[Happened, Rule]]) -> list[Entry]:
    """Entries with the points that the rules' caps leave, in the order in which the facts came."""
    room = _used([(e, r) for e, r in hits if r.cap is not None])
    out = []
    seen: set[tuple[int, UUID, int]] = set()
    for e, r in hits:
        if (e.person_id, e.id, r.id) in seen:
            continue
        seen.add((e.person_id, e.id, r.id))
        points = r.points
        if r.cap is not None:
            key = (e.person_id, r.id, _period(r, e.at))
            left = max(0, r.cap - room.get(key, 0))
            points = min(points, left) if points > 0 else max(points, -left)
            room[key] = room.get(key, 0) + abs(points)
        out.append(Entry(e.person_id, e.at, e.id, r.id, r.model_id, points, e.kind))
    return out


def _period(rule: Rule, at: datetime) -> str:
    return at.strftime("%Y-%m-%d") if rule.cap_per == "day" else ""


def _used(hits: list[tuple[Happened, Rule]]) -> dict[tuple[int, int, str], int]:
    """Points that capped rules have given already: (person, rule, day or "") -> points without sign."""
    if not hits:
        return {}
    days = {(e.person_id, r.id, _period(r, e.at)) for e, r in hits}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.p, n.r, n.d, sum(abs(s.points)) "
            "FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS n(p, r, d) "
            "JOIN audience_scoreentry s ON s.person_id = n.p AND s.rule_id = n.r "
            "AND (n.d = '' OR (s.at >= (n.d || ' 00:00+00')::timestamptz "
            "AND s.at < (n.d || ' 00:00+00')::timestamptz + interval '24 hours')) "
            "WHERE s.person_id = ANY(%s) GROUP BY 1, 2, 3",
            [*_columns(list(days), 3), list({p for p, _, _ in days})],
        )
        return {(p, r, d): int(points) for p, r, d, points in cursor.fetchall()}


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(c) for c in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _insert(entries: list[Entry]) -> list[tuple[int, int, int]]:
    if not entries:
        return []
    rows = [(e.person_id, e.at, e.fact_id, e.rule_id, e.model_id, e.points, e.kind, e.reason, e.actor) for e in entries]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_scoreentry (person_id, at, fact_id, rule_id, model_id, points, kind, reason, actor) "
            "SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::uuid[], %s::bigint[], %s::bigint[], %s::int[], "
            "%s::text[], %s::text[], %s::text[]) ON CONFLICT DO NOTHING RETURNING person_id, model_id, points",
            _columns(rows, 9),
        )
        return list(cursor.fetchall())


def _points(keys: list[tuple[int, int]]) -> dict[tuple[int, int], tuple[int, str]]:
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, model_id, points, band FROM audience_personscore WHERE person_id = ANY(%s)",
            [list({p for p, _ in keys})],
        )
        return {(p, m): (points, was) for p, m, points, was in cursor.fetchall()}


def put(rows: list[tuple[int, int, int, str]], now: datetime) -> None:
    """Set scores: (person, model, points, band)."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_personscore (person_id, model_id, points, band, updated_at) "
            "SELECT p, m, s, b, %s FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::text[]) AS n(p, m, s, b) "
            "ON CONFLICT (person_id, model_id) DO UPDATE SET points = EXCLUDED.points, band = EXCLUDED.band, "
            "updated_at = EXCLUDED.updated_at",
            [now, *_columns(rows, 4)],
        )
