"""Points for a batch of facts: rules matched in Python, written with a constant number of statements.

The caller holds the lanes of all people of the batch, so what is read here cannot change before it is written.
Statements: the ledger, the scores before, the scores after; one more where a rule has a limit, where points decay,
where somebody's interest in a topic changes (topics are scores too, see `interests`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from headwater.audience import facts
from headwater.audience.rules import band_of, crossed
from headwater.core.arrays import columns
from headwater.core.lanes import lane_key
from headwater.timeline.actions import NewFact, record_many

from . import caps, interests
from .book import Book
from .ledger import Entry, Happened, Worth, insert, turned
from .scales import Rule, Scale

#: (person, space) whose points changed
Changed = set[tuple[int, int]]
#: (person, space, points, band, when time alone changes the points)
Row = tuple[int, int, int, str, datetime | None]


def score(events: Sequence[Happened], book: Book, now: datetime, *, tell: bool = True) -> Changed:
    """Match the rules and the signs of topics against the facts, write the ledger, scores and interests; returns
    whose points changed."""
    found = hits(events, book.rules)
    lines = (given(found) if found else []) + interests.signs(events, book)
    return post(lines, book, now, tell=tell) if lines else set()


def given(found: Sequence[tuple[Happened, Rule]], *, fresh: bool = False) -> list[Entry]:
    """The lines of the ledger that facts mean, with the points that the limits of the rules leave. fresh: the ledger
    holds nothing of these rules yet."""
    return [
        Entry(e.person_id, e.at, e.id, r.id, r.space, points, e.kind)
        for e, r, points in caps.capped(found, fresh=fresh)
    ]


def hits(events: Sequence[Happened], rules: dict[str, list[Rule]]) -> list[tuple[Happened, Rule]]:
    """Facts with the rules that they fit, in the order in which they came."""
    return [(e, r) for e in events for r in rules.get(e.kind, ()) if r.fits(e.at, e.data)]


def post(found: Iterable[Entry], book: Book, now: datetime, *, tell: bool = True) -> Changed:
    """Write entries that are not in the ledger yet, add them to the scores, and record changes of band and thresholds
    passed."""
    new = insert([e for e in found if e.points and e.model_id in book.every])
    delta: dict[tuple[int, int], int] = defaultdict(int)
    for person_id, space, points in new:
        delta[person_id, space] += points
    return settle(delta, book, now, tell=tell)


def settle(delta: dict[tuple[int, int], int], book: Book, now: datetime, *, tell: bool = True) -> Changed:
    """Bring scores and interests up to date to which so many points came (or for which time has passed)."""
    aging = [key for key in delta if book.every[key[1]].decay.kind != "none"]
    aged = turned(aging, book, now) if aging else {}
    interests.settle({key: plus for key, plus in delta.items() if key[1] < 0}, aged, now)
    _settle({key: plus for key, plus in delta.items() if key[1] >= 0}, aged, book, now, tell)
    return set(delta)


def _settle(delta: dict[tuple[int, int], int], aged: Worth, book: Book, now: datetime, tell: bool) -> None:
    before = _points(list(delta))
    rows: list[Row] = []
    told: list[NewFact] = []
    for key, plus in delta.items():
        scale = book.scales[key[1]]
        old, was = before.get(key) or (0, band_of(0, scale.bands))
        points, turns = aged[key] if key in aged else (old + plus, None)
        became = band_of(points, scale.bands)
        rows.append((*key, points, became, turns))
        if tell and not scale.building:
            told += news(key[0], scale, (old, was), (points, became), now)
    put(rows, now, book)
    if told:
        record_many(told)


def news(person_id: int, scale: Scale, old: tuple[int, str], new: tuple[int, str], now: datetime) -> list[NewFact]:
    """The facts that a score's way from one value to another means: (points, band) before and after."""
    out = []
    for threshold, way in crossed(old[0], new[0], scale.thresholds):
        reached = facts.ThresholdReached(
            model=scale.key, name=scale.name, threshold=threshold, points=new[0], direction=way
        )
        out.append(NewFact(person_id, reached, now))
    if old[1] != new[1]:
        way = "up" if new[0] > old[0] else "down"
        changed = facts.ScoreBandChanged(model=scale.key, before=old[1], after=new[1], points=new[0], direction=way)
        out.append(NewFact(person_id, changed, now))
    return out


def _points(keys: list[tuple[int, int]]) -> dict[tuple[int, int], tuple[int, str]]:
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, model_id, points, band FROM audience_personscore WHERE person_id = ANY(%s)",
            [list({p for p, _ in keys})],
        )
        return {(p, m): (points, was) for p, m, points, was in cursor.fetchall()}


def put(rows: list[Row], now: datetime, book: Book) -> None:
    """Set scores, and note the companies whose scores roll up from them."""
    if not rows:
        return
    sql = (
        "INSERT INTO audience_personscore (person_id, model_id, points, band, turns_at, updated_at) "
        "SELECT p, m, s, b, t, %s FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::text[], %s::timestamptz[]) "
        "AS n(p, m, s, b, t) ON CONFLICT (person_id, model_id) DO UPDATE SET points = EXCLUDED.points, "
        "band = EXCLUDED.band, turns_at = EXCLUDED.turns_at, updated_at = EXCLUDED.updated_at"
    )
    params: list[Any] = [now, *columns(rows, 5)]
    rolled = [s.space for s in book.scales.values() if s.rollup != "none" and not s.building]
    if any(row[1] in rolled for row in rows):
        sql = (
            f"WITH put AS ({sql}) INSERT INTO audience_companyturn (lane_key, at, person_id, company_id) "
            "SELECT n.l, %s, n.p, c.company_id FROM unnest(%s::bigint[], %s::bigint[]) AS n(p, l) "
            "JOIN people_contact c ON c.id = n.p WHERE c.company_id IS NOT NULL AND c.id = ANY(%s) "
            "ON CONFLICT DO NOTHING"
        )
        people = sorted({row[0] for row in rows if row[1] in rolled})
        params += [now, people, [lane_key(p) for p in people], people]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
