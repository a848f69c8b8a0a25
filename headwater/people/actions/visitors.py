"""Browsers: seen again and again, one day attached to a person."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from headwater.timeline.actions import in_lane

#: A contact's "last seen" is renewed at most this often: the row has many indexes, and nobody reads seconds there.
SEEN_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Visit:
    """What one batch knows of one browser: `views` pages more, the last one at `at`."""

    visitor_id: int
    at: datetime
    path: str = ""
    title: str = ""
    views: int = 1
    origin: Mapping[str, Any] = field(default_factory=dict)
    country: str = ""
    device: str = ""
    site_id: int | None = None


def see(visits: Sequence[Visit]) -> dict[int, int | None]:
    """Keep visitors' rows up to date and say who they are: visitor_id -> person_id, None while anonymous.

    One Visit for each visitor. The visitors stay locked until the caller's transaction ends, so that facts which it
    keeps as anonymous cannot miss an `identify` that runs at the same time. Call it before taking lanes.
    """
    if not visits:
        return {}
    rows = sorted({v.visitor_id: v for v in visits}.values(), key=lambda v: v.visitor_id)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO people_visitor AS v (visitor_id, first_seen_at, last_seen_at, views, last_path, "
                "last_title, origin, country, device, site_id) SELECT i, a, a, n, p, t, o, c, d, s "
                "FROM unnest(%s::bigint[], "
                "%s::timestamptz[], %s::int[], %s::text[], %s::text[], %s::jsonb[], %s::text[], %s::text[], %s::int[]) "
                "AS x(i, a, n, p, t, o, c, d, s) ORDER BY i ON CONFLICT (visitor_id) DO UPDATE SET "
                "last_seen_at = greatest(v.last_seen_at, excluded.last_seen_at), views = v.views + excluded.views, "
                "first_seen_at = least(v.first_seen_at, excluded.first_seen_at), "
                "last_path = CASE WHEN excluded.last_path = '' THEN v.last_path ELSE excluded.last_path END, "
                "last_title = CASE WHEN excluded.last_path = '' THEN v.last_title ELSE excluded.last_title END, "
                "origin = CASE WHEN v.origin = '{}' THEN excluded.origin ELSE v.origin END, "
                "country = CASE WHEN excluded.country = '' THEN v.country ELSE excluded.country END, "
                "device = CASE WHEN excluded.device = '' THEN v.device ELSE excluded.device END, "
                "site_id = coalesce(excluded.site_id, v.site_id) "
                "RETURNING v.visitor_id, v.person_id, v.last_seen_at, v.origin::text",
                [
                    [v.visitor_id for v in rows],
                    [v.at for v in rows],
                    [v.views for v in rows],
                    [v.path[:500] for v in rows],
                    [v.title[:300] for v in rows],
                    [json.dumps(dict(v.origin)) for v in rows],
                    [v.country[:2] for v in rows],
                    [v.device[:40] for v in rows],
                    [v.site_id for v in rows],
                ],
            )
            found = cursor.fetchall()
        _touch([(person, at, origin) for _, person, at, origin in found if person is not None])
    return {visitor: person for visitor, person, _, _ in found}


def _touch(seen: Sequence[tuple[int, datetime, str]]) -> None:
    """Renew "last seen" of the people, and their first touch where they had none."""
    latest: dict[int, tuple[datetime, str]] = {}
    for person, at, origin in seen:
        known = latest.get(person)
        if known is None or at > known[0]:
            latest[person] = (at, origin)
    if not latest:
        return
    people = list(latest)
    ats = [at for at, _ in latest.values()]
    with in_lane(*people), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE people_contact c SET last_seen_at = greatest(c.last_seen_at, x.a), "
            "origin = CASE WHEN c.origin = '{}' THEN x.o ELSE c.origin END "
            "FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::jsonb[]) AS x(p, a, old, o) "
            "WHERE c.id = x.p AND (c.last_seen_at IS NULL OR c.last_seen_at < x.old "
            "OR (c.origin = '{}' AND x.o <> '{}'))",
            [people, ats, [at - SEEN_EVERY for at in ats], [origin for _, origin in latest.values()]],
        )


def attach(pairs: Mapping[int, int], at: datetime) -> dict[int, tuple[int | None, dict[str, Any], datetime | None]]:
    """Attach visitors to people: visitor_id -> person_id. Locks them. Returns what each was before:
    (person_id, origin, last_seen_at); a visitor of whom nothing was known gets a row."""
    if not pairs:
        return {}
    ids = sorted(pairs)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO people_visitor (visitor_id, first_seen_at, last_seen_at, views, last_path, last_title, "
            "origin, country, device) SELECT i, %s, %s, 0, '', '', '{}', '', '' "
            "FROM unnest(%s::bigint[]) AS x(i) ORDER BY i ON CONFLICT DO NOTHING",
            [at, at, ids],
        )
        cursor.execute(
            "SELECT visitor_id, person_id, origin::text, last_seen_at FROM people_visitor WHERE visitor_id = ANY(%s) "
            "ORDER BY visitor_id FOR UPDATE",
            [ids],
        )
        before = {v: (p, json.loads(o), seen) for v, p, o, seen in cursor.fetchall()}
        moved = [v for v in ids if before[v][0] != pairs[v]]
        if moved:
            cursor.execute(
                "UPDATE people_visitor v SET person_id = x.p FROM unnest(%s::bigint[], %s::bigint[]) AS x(i, p) "
                "WHERE v.visitor_id = x.i",
                [moved, [pairs[v] for v in moved]],
            )
    return before
