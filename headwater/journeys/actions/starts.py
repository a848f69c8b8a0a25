"""Entries by the calendar: who has her birthday, whose renewal is near, which schedule's time has come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from headwater.accounts.models import Workspace
from headwater.audience import queries as audience
from headwater.core import clock
from headwater.people.models import Contact

from ..engine.fields import CUSTOM
from ..engine.graph import versions
from ..models import Journey, StartClock, Status
from ..rules import calendar
from ..rules.schedule import zone_of
from .people import CHUNK, Entry, enter

#: A worker that dies hands its rule over after this long
LEASE = timedelta(minutes=10)
#: A clock that nothing has come of is written down no more often
IDLE = timedelta(minutes=1)


def run_once() -> int:
    """Let in everybody whose moment has come since the last time. Returns how many entered.

    Killed in between, it begins again where it stood: an entry is made once for each rule, person and day.
    """
    done = 0
    for started, journey, rule in _rules():
        done += _follow(started, journey, rule)
    return done


def _rules() -> Iterator[tuple[StartClock, Journey, Mapping[str, Any]]]:
    """Rules of live and paused journeys that follow the calendar, with their clocks."""
    clocks = {(c.journey_id, c.rule): c for c in StartClock.objects.all()}
    if not clocks:
        return
    journeys = {pk for pk, _rule in clocks}
    for journey in Journey.objects.filter(pk__in=journeys).exclude(status=Status.DRAFT).order_by("pk"):
        version = versions([journey.version_id]).get(journey.version_id or 0) if journey.version_id else None
        for rule in version.entry if version else []:
            found = clocks.get((journey.pk, calendar.rule_hash(rule)))
            if found is not None:
                yield found, journey, rule


def _follow(started: StartClock, journey: Journey, rule: Mapping[str, Any]) -> int:
    now = clock.now()
    after = max(started.done_to, now - calendar.PATIENCE)
    days = list(calendar.come(after, now, calendar.time_of(rule), _zones(rule)))
    if not days and now - started.done_to < IDLE:
        return 0
    mine = StartClock.objects.filter(pk=started.pk)
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    if not mine.filter(free, done_to=started.done_to).update(claimed_until=now + LEASE):
        return 0
    entered = 0
    if journey.status == Status.LIVE:
        for day, names in days:
            for people in _people(rule, day, names):
                mine.update(claimed_until=clock.now() + LEASE)
                entered += len(enter(journey.pk, _entries(rule, day, people, now), actor=f"journey:{journey.pk}"))
    mine.update(done_to=now, claimed_until=None)
    return entered


def _entries(rule: Mapping[str, Any], day: date, people: Sequence[int], now: datetime) -> list[Entry]:
    key = f"{rule['kind']}:{calendar.rule_hash(rule)}:{day.isoformat()}"
    data = {"field": rule["field"]} if rule["kind"] == "date" else {"segment": rule["segment"]}
    why = {"kind": rule["kind"], "data": {**data, "day": day.isoformat()}}
    return [Entry(person, key, why, now) for person in people]


def default_zone() -> str:
    """The workspace's time zone."""
    return zone_of(Workspace.objects.filter(pk=1).values_list("time_zone", flat=True).first() or "UTC").key


def _zones(rule: Mapping[str, Any]) -> Sequence[str]:
    if rule["kind"] == "schedule" and rule.get("zone") != "person":
        return [default_zone()]
    return calendar.zones()


def _people(rule: Mapping[str, Any], day: date, names: Sequence[str]) -> Iterator[list[int]]:
    """Those whose day it is in these zones, some at a time."""
    if rule["kind"] == "date":
        found = _dated(rule, day, names)
        for start in range(0, len(found), CHUNK):
            yield found[start : start + CHUNK]
        return
    if not calendar.falls(rule, day):
        return
    after = 0
    while page := audience.members(int(rule["segment"]), after=after, limit=CHUNK):
        after = page[-1][0]
        people = [person for person, _since in page]
        yield people if rule.get("zone") != "person" else _living_in(people, names)


def _living_in(people: Sequence[int], names: Sequence[str]) -> list[int]:
    here = Q(time_zone__in=names)
    if default_zone() in names:
        here |= ~Q(time_zone__in=calendar.zones())
    return list(Contact.objects.filter(here, pk__in=people).values_list("pk", flat=True))


def _dated(rule: Mapping[str, Any], day: date, names: Sequence[str]) -> list[int]:
    """People whose field has the date, or its anniversary, and who live in one of the zones."""
    custom = CUSTOM.fullmatch(rule["field"])
    field = "left(c.custom ->> %(key)s::text, 10)" if custom else f"to_char(c.{rule['field'][8:]}, 'YYYY-MM-DD')"
    wanted = calendar.shifted(rule, day)
    where = f"{field} = %(date)s::text"
    if rule.get("yearly"):
        where = (
            f"substr({field}, 6, 5) = ANY(%(days)s::text[]) AND {field} ~ '^[0-9]{{4}}-' AND {field} <= %(date)s::text"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT c.id FROM people_contact c WHERE {where} AND (c.time_zone = ANY(%(zones)s::text[]) "
            "OR (%(others)s::boolean AND c.time_zone <> ALL(%(all)s::text[]))) ORDER BY c.id",
            {
                "key": custom[1] if custom else "",
                "date": wanted.isoformat(),
                "days": calendar.anniversaries(wanted),
                "zones": list(names),
                "others": default_zone() in names,
                "all": list(calendar.zones()),
            },
        )
        return [pk for (pk,) in cursor.fetchall()]
