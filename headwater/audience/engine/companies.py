"""Scores of companies, rolled up from their people: noted with each change of a score, added up by a loop of one
worker, so that companies whose people live in many lanes need no locks in the path of events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from headwater.audience.models import CompanyScore
from headwater.audience.rules import band_of
from headwater.core import clock, wake
from headwater.core.arrays import columns
from headwater.core.lanes import LANE_KEYS, lane_key

from . import membership
from .book import Book, book
from .ledger import Happened
from .scales import Scale

#: Companies rolled up by one pass
BATCH = 500
_ADDS = {"sum": "sum(s.points)", "max": "max(s.points)", "avg": "round(avg(s.points))"}


def moved(events: Sequence[Happened], book: Book, now: datetime) -> None:
    """Note the companies that people left or joined."""
    if not any(s.rollup != "none" for s in book.scales.values()):
        return
    rows = set()
    for e in events:
        if e.kind != "contact.updated":
            continue
        changes = e.data.get("changes")
        pair = changes.get("company_id") if isinstance(changes, dict) else None
        for company in pair if isinstance(pair, list) else ():
            if isinstance(company, int):
                rows.add((lane_key(e.person_id), now, e.person_id, company))
    note(sorted(rows))


def note(rows: Sequence[tuple[int, datetime, int, int]]) -> None:
    """Have companies rolled up: (lane_key, at, person, company)."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_companyturn (lane_key, at, person_id, company_id) "
            "SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[]) ON CONFLICT DO NOTHING",
            columns(rows, 4),
        )


def note_all(now: datetime) -> None:
    """Have every company rolled up (a model was computed anew, or rolls up in another way)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_companyturn (lane_key, at, person_id, company_id) "
            "SELECT %s, %s, 0, id FROM people_company ON CONFLICT DO NOTHING",
            [lane_key(0), now],
        )


@transaction.atomic
def roll_up(limit: int = BATCH) -> int:
    """Add up the companies that are noted; returns how many. One worker at a time does this."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('headwater.companyscore'))")
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(
            "SELECT DISTINCT company_id FROM (SELECT company_id FROM audience_companyturn "
            "WHERE lane_key = ANY(%s) LIMIT %s) t",
            [list(LANE_KEYS), limit],
        )
        companies = [row[0] for row in cursor.fetchall()]
        if not companies:
            return 0
        cursor.execute(
            "DELETE FROM audience_companyturn WHERE lane_key = ANY(%s) AND company_id = ANY(%s)",
            [list(LANE_KEYS), companies],
        )
    rules = book()
    changed = [one for s in rules.scales.values() if not s.building for one in _roll(companies, s, clock.now())]
    _retest(changed, rules)
    wake.publish(*sorted({f"company:{company_id}" for company_id, _ in changed}))
    return len(companies)


def _roll(companies: list[int], scale: Scale, now: datetime) -> list[tuple[int, str]]:
    """Bring one model's scores of these companies up to date; (company, model) of those that changed."""
    old = {c.company_id: c for c in CompanyScore.objects.filter(company_id__in=companies, model_id=scale.model_id)}
    found: dict[int, tuple[int, int]] = {}
    if scale.rollup != "none":
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT c.company_id, {_ADDS[scale.rollup]}::int, count(*) FROM people_contact c "
                "JOIN audience_personscore s ON s.person_id = c.id AND s.model_id = %s "
                "WHERE c.company_id = ANY(%s) GROUP BY 1",
                [scale.space, companies],
            )
            found = {company: (points, people) for company, points, people in cursor.fetchall()}
    gone = [c for c in old if c not in found]
    CompanyScore.objects.filter(company_id__in=gone, model_id=scale.model_id).delete()
    rows: list[Any] = []
    for company, (points, people) in found.items():
        before = old.get(company)
        if before is None or (before.points, before.people) != (points, people):
            rows.append((company, scale.model_id, points, band_of(points, scale.bands), people))
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO audience_companyscore (company_id, model_id, points, band, people, updated_at) "
                "SELECT c, m, p, b, n, %s FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::text[], %s::int[]) "
                "AS n(c, m, p, b, n) ON CONFLICT (company_id, model_id) DO UPDATE SET points = EXCLUDED.points, "
                "band = EXCLUDED.band, people = EXCLUDED.people, updated_at = EXCLUDED.updated_at",
                [now, *columns(rows, 5)],
            )
    return [(company, scale.key) for company in (*gone, *(row[0] for row in rows))]


def _retest(changed: Sequence[tuple[int, str]], book: Book) -> None:
    """Have segments that ask for the score of her company test the people of these companies."""
    for key in {key for _, key in changed}:
        asking = [s for s in book.segments if f"company_score:{key}" in s.needs]
        if not asking:
            continue
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM people_contact WHERE company_id = ANY(%s)", [[c for c, k in changed if k == key]]
            )
            people = [row[0] for row in cursor.fetchall()]
        now = clock.now()
        membership.note_turns([(p, s.id, s.generation, now) for s in asking for p in people])
