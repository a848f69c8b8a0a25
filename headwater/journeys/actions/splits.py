"""Which way of a split wins: counted now and then, decided by the rule of rules/trial.py."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Sum

from headwater.core import clock, wake

from ..engine.graph import Version, versions
from ..models import Journey, SplitDecision, Status, StepCount
from ..rules import duration, matching, trial

#: While people are on their way to being counted, look again after this long
PAUSE = timedelta(minutes=10)
GOAL = "p.outcome = 'goal' AND p.ended_at <= l.at + %(after)s::interval"
MAIL = (
    "EXISTS (SELECT 1 FROM timeline_fact f WHERE f.person_id = l.person_id AND f.kind = ANY(%(kinds)s::text[]) "
    "AND f.at > l.at AND f.at <= l.at + %(after)s::interval AND f.data ->> 'template' = ANY(%(templates)s::text[]) "
    # the same template may have come from elsewhere
    "AND NOT EXISTS (SELECT 1 FROM messaging_message m WHERE m.person_id = l.person_id "
    "AND m.id::text = f.data ->> 'message' AND m.key NOT LIKE 'journey:%%.' || p.id || ':%%'))"
)

LATER = (
    "SELECT l.outcome, p.person_id, p.id, f.data::text FROM journeys_passage p "
    "JOIN journeys_passagelog l ON l.person_id = p.person_id AND l.passage_id = p.id "
    "JOIN timeline_fact f ON f.person_id = p.person_id AND f.kind = %(fact)s::text "
    "AND f.at > l.at AND f.at <= l.at + %(after)s::interval "
    "WHERE p.journey_id = %(journey)s AND p.version_id = %(version)s AND l.step = %(step)s "
    "AND l.outcome = ANY(%(ids)s::text[]) AND l.at <= %(until)s::timestamptz "
    "AND p.ended_at IS NOT NULL AND p.outcome <> 'goal' AND f.at >= p.ended_at"
)


def run_once() -> int:
    """Look at the splits of live versions that have no winner yet. Returns how many got one."""
    ids = Journey.objects.filter(status=Status.LIVE).exclude(version=None).values_list("version_id", flat=True)
    won = 0
    for version in versions([pk for pk in ids if pk is not None]).values():
        for key, node in version.nodes.items():
            if node.kind.kind == "split" and node.settings.get("winner") not in (None, "none"):
                won += _look(version, key, node.settings, clock.now())
    return won


def _look(version: Version, step: str, settings: Mapping[str, Any], now: datetime) -> int:
    row, _made = SplitDecision.objects.get_or_create(version_id=version.id, step=step, defaults={"next_at": now})
    ids = [v["id"] for v in settings["variants"]]
    sample = int(settings.get("least") or 100) * 2**row.looks
    if row.winner or row.next_at > now or _came(version.id, step, ids) < sample:
        return 0
    results = counted(version, step, settings, now)
    if min(n for n, _wins in results.values()) < sample:
        SplitDecision.objects.filter(pk=row.pk).update(next_at=now + PAUSE)
        return 0
    said = trial.verdict(results, row.looks)
    SplitDecision.objects.filter(pk=row.pk, looks=row.looks).update(
        looks=row.looks + 1,
        winner=said.winner,
        decided_at=now if said.winner else None,
        next_at=now,
        results={
            "ways": {way: {"people": n, "wins": wins} for way, (n, wins) in results.items()},
            "p": said.p,
            "needed": said.needed,
        },
    )
    if said.winner:
        wake.notify([f"journey:{version.journey_id}"])
    return int(bool(said.winner))


def _came(version_id: int, step: str, ids: list[str]) -> int:
    """How many took the way that the fewest took."""
    rows = StepCount.objects.filter(version_id=version_id, step=step, what__in=[f"arm:{i}" for i in ids])
    found = dict(rows.values_list("what").annotate(total=Sum("n")))
    return min(int(found.get(f"arm:{i}", 0)) for i in ids)


def counted(version: Version, step: str, settings: Mapping[str, Any], now: datetime) -> dict[str, tuple[int, int]]:
    """way -> (people, successes), of those who have had the whole time that counts: everybody the same."""
    after = duration.delta(settings.get("after") or {"amount": 3, "unit": "days"})
    ids = [v["id"] for v in settings["variants"]]
    sent = [m for n in version.nodes.values() for m in n.kind.messages(n.settings)]
    templates = [str(pk) for _setting, _channel, pk in sent]
    told = {"mail" if channel == "email" else channel for _setting, channel, _pk in sent} or {"mail"}
    values: dict[str, Any] = {
        "kinds": [f"{name}.{settings['winner']}" for name in sorted(told)],
        "after": after,
        "templates": templates,
        "journey": version.journey_id,
        "version": version.id,
        "step": step,
        "ids": ids,
        "until": now - after,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT l.outcome, count(*), count(*) FILTER (WHERE {GOAL if settings['winner'] == 'goal' else MAIL}) "
            "FROM journeys_passage p JOIN journeys_passagelog l ON l.person_id = p.person_id AND l.passage_id = p.id "
            "WHERE p.journey_id = %(journey)s AND p.version_id = %(version)s AND l.step = %(step)s "
            "AND l.outcome = ANY(%(ids)s::text[]) AND l.at <= %(until)s::timestamptz GROUP BY 1",
            values,
        )
        found = {way: (n, wins) for way, n, wins in cursor.fetchall()}
    late = _later(version, values) if settings["winner"] == "goal" else {}
    return {way: (found.get(way, (0, 0))[0], found.get(way, (0, 0))[1] + late.get(way, 0)) for way in ids}


def _later(version: Version, values: Mapping[str, Any]) -> dict[str, int]:
    """way -> those who reached the goal in time, but after their way had ended: a mail may well be the last step. Only
    of a goal that is something that happens; what a condition said at a time gone by is not known."""
    kind = matching.fact_kind(version.goal) if version.goal else None
    if kind is None:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(LATER, {**values, "fact": kind})
        return Counter(
            {
                (person, passage): way
                for way, person, passage, data in cursor.fetchall()
                if matching.matches(version.goal or {}, kind, json.loads(data))
            }.values()
        )
