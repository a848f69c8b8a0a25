"""What the last days would have made of a draft: who would have entered, by which rule, when."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from msgspec import json

from headwater.audience import queries as audience
from headwater.core import clock

from ..engine.graph import Version, ready
from ..engine.rulebook import with_segments
from ..models import Journey
from ..rules import matching
from ..rules.duration import delta
from .words import said

#: Facts that are looked at at most, the newest
MOST = 200_000
Cause = tuple[int, datetime, int]


def simulate(journey: Journey, days: int = 90) -> dict[str, Any]:
    """{"days", "entries", "people", "rules": [{"rule", "entries"}], "by_day": [[day, entries]], "assumes": [...]}. One
    statement over the log, one for the condition; nothing is written."""
    now = clock.now()
    version = ready(0, journey.pk, journey.name, 0, with_segments(journey.draft))
    causes, cut = _causes(version, now - timedelta(days=days))
    if version.only and causes:
        holds = audience.matching(version.only, sorted({person for person, _at, _n in causes}))
        causes = [c for c in causes if c[0] in holds]
    entered = _allowed(version, causes)
    by_rule = Counter(n for _person, _at, n in entered)
    by_day = Counter(at.date().isoformat() for _person, at, _n in entered)
    return {
        "days": days,
        "entries": len(entered),
        "people": len({person for person, _at, _n in entered}),
        "rules": [{"rule": said(rule), "entries": by_rule[n]} for n, rule in enumerate(version.entry)],
        "by_day": sorted(by_day.items()),
        "assumes": _assumes(version, cut),
    }


def _causes(version: Version, since: datetime) -> tuple[list[Cause], bool]:
    """(person, when, which rule) of everything that would have let somebody in, oldest first; was it cut off?"""
    kinds = sorted({k for rule in version.entry if (k := matching.fact_kind(rule))})
    if not kinds:
        return [], False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, at, kind, data::text FROM timeline_fact WHERE kind = ANY(%s::text[]) "
            "AND at >= %s::timestamptz ORDER BY at DESC LIMIT %s::int",
            [kinds, since, MOST],
        )
        rows = cursor.fetchall()
    out: list[Cause] = []
    for person, at, kind, text in reversed(rows):
        data = json.decode(text)
        hit = next((n for n, rule in enumerate(version.entry) if matching.matches(rule, kind, data)), None)
        if hit is not None:
            out.append((person, at, hit))
    return out, len(rows) == MOST


def _allowed(version: Version, causes: list[Cause]) -> list[Cause]:
    """Those whom the re-entry rule lets in; who is in counts as in for as long as nobody would have left."""
    rule, after = version.reentry.get("rule", "when_finished"), version.reentry.get("after")
    pause = delta(after) if after else timedelta(0)
    last: dict[int, datetime] = {}
    count: dict[int, int] = defaultdict(int)
    out = []
    for person, at, n in causes:
        before = last.get(person)
        if before is not None and (rule == "once" or at - before < pause):
            continue
        last[person] = at
        count[person] += 1
        out.append((person, at, n))
    return out


def _assumes(version: Version, cut: bool) -> list[str]:
    out = [_("Rules are held against the facts of the time.")]
    if version.only:
        out.append(_("The condition for entering is asked as it is today."))
    if version.reentry.get("rule", "when_finished") == "when_finished":
        out.append(_("Everybody is through before she would come again."))
    if any(matching.fact_kind(rule) is None for rule in version.entry):
        out.append(_("Dates, schedules and entries by hand are left out."))
    if cut:
        out.append(_("Only the newest %(n)s facts were looked at.") % {"n": f"{MOST:,}"})
    return out
