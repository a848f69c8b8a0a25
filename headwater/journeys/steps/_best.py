"""When people read: opens and clicks by hour of their own days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.core.cache import caches
from django.db import connection

from ..rules.best_hour import CLICK, DAYS, NOTHING, OPEN, Counts
from ..rules.schedule import zone_of

CLICKED = "mail.clicked"
KINDS = ("mail.opened", CLICKED)
#: What everybody does changes slowly, and a sample of it is enough
KEPT, SAMPLE = 3600, 20_000
HERS = (
    "SELECT f.person_id, f.at, f.kind FROM timeline_fact f WHERE f.person_id = ANY(%s::bigint[]) "
    "AND f.kind = ANY(%s::text[]) AND f.at > %s AND f.at <= %s"
)
ALL = (
    "SELECT f.at, f.kind, coalesce(nullif(c.time_zone, ''), %s) FROM (SELECT person_id, at, kind FROM timeline_fact "
    "WHERE kind = ANY(%s::text[]) AND at > %s AND at <= %s LIMIT %s) f LEFT JOIN people_contact c ON c.id = f.person_id"
)


def counted(happened: Iterable[tuple[datetime, str, str]]) -> Counts:
    """What happened, (when, kind, time zone), by hours of the day."""
    out = list(NOTHING)
    for at, kind, zone in happened:
        out[at.astimezone(zone_of(zone)).hour] += CLICK if kind == CLICKED else OPEN
    return out


def hers(zones: Mapping[int, str], now: datetime) -> dict[int, Counts]:
    """person -> what was counted in each hour of her day, for those who opened anything. zones: person -> time zone."""
    seen: dict[int, list[tuple[datetime, str, str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(HERS, [list(zones), list(KINDS), now - timedelta(days=DAYS), now])
        for person, at, kind in cursor.fetchall():
            seen.setdefault(person, []).append((at, kind, zones[person]))
    return {person: counted(happened) for person, happened in seen.items()}


def everybodys(zone: str, now: datetime) -> Counts:
    """The same of everybody, each by her own clock (zone: of those who have none): of some 20,000 opens and clicks,
    looked at once an hour."""
    key, kept = f"journeys.best_hour.{zone}", caches["local"]
    found: Counts | None = kept.get(key)
    if found is None:
        with connection.cursor() as cursor:
            cursor.execute(ALL, [zone, list(KINDS), now - timedelta(days=DAYS), now, SAMPLE])
            found = counted(cursor.fetchall())
        kept.set(key, found, KEPT)
    return found
