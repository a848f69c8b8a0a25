"""What rules would have given lately, as they are written now: counted from the facts, with their limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from msgspec import json

from headwater.core import clock
from headwater.people.models import Contact

from ..engine import caps, scoring
from ..engine.book import book
from ..engine.history import Past, past
from ..engine.ledger import second_of
from ..engine.scales import Rule, rule_of, snapshot
from ..models import ScoreEntry, ScoreModel, ScoreRule, SegmentMember
from ..rules import STANDS, Given, band_of, points_at
from .segments import preview

#: Facts looked at, and how long the database may take, in milliseconds
LOOKED, PATIENCE = 20_000, 1_500


@dataclass(frozen=True, slots=True)
class Effect:
    """times: lines of the ledger; people: who got them (for a condition: for whom it holds now); partial: there was
    more than could be looked at."""

    times: int = 0
    people: int = 0
    points: int = 0
    partial: bool = False


def effects(rules: Sequence[ScoreRule], *, days: int = 30) -> dict[int, Effect]:
    """What each of these rules would have given in the last days."""
    events = [(r.pk, rule_of(r.pk, {**snapshot(r), "since": None}, r.name, 0), r.kind) for r in rules if r.kind]
    out = {r.pk: Effect() for r in rules} | _given(events, days)
    for r in rules:
        if r.condition is not None:
            rows = SegmentMember.objects.filter(segment_id=-r.pk, generation=r.model.living)
            people = rows.count()
            out[r.pk] = Effect(people, people, people * r.points)
    return out


def effect_of(draft: Mapping[str, Any], *, days: int = 30) -> Effect:
    """The same of a rule that is being written: fields of a rule. Raises ConditionError where its condition is
    wrong."""
    if draft.get("condition") is not None:
        count = preview(draft["condition"], sample=0)[0]
        return Effect(count, count, count * int(draft["points"] or 0))
    return _given([(0, rule_of(0, draft, "", 0), str(draft["kind"]))], days)[0]


#: People looked at to say what computing the past anew would change
SAMPLE = 400


@dataclass(frozen=True, slots=True)
class Shift:
    """Of `looked` people (the newest; everybody where there are not more), so many would be in another band."""

    looked: int
    moved: int


def shift_of(model: ScoreModel, draft: Mapping[str, Any], rule_id: int = 0) -> Shift:
    """What a rule about an event would change if it had always been so. rule_id: of the rule that the draft replaces.
    Nothing is written."""
    now = clock.now()
    second, scale = second_of(now), book().scales.get(model.living)
    ids = list(Contact.objects.order_by("-pk").values_list("pk", flat=True)[:SAMPLE])
    if scale is None or not ids:
        return Shift(len(ids), 0)
    before: dict[int, list[Given]] = {p: [] for p in ids}
    after: dict[int, list[Given]] = {p: [] for p in ids}
    for row in ScoreEntry.objects.filter(person_id__in=ids, model_id=scale.space):
        given = Given(row.points, second_of(row.at), row.kind == STANDS)
        before[row.person_id].append(given)
        if row.rule_id != rule_id or not rule_id:
            after[row.person_id].append(given)
    kind = str(draft["kind"])
    rule = rule_of(0, draft, "", 0)
    for e, _rule, points in caps.capped(scoring.hits(past(ids, [kind], now), {kind: [rule]}), fresh=True):
        after[e.person_id].append(Given(points, second_of(e.at)))

    def band(given: list[Given]) -> str:
        return band_of(points_at(given, scale.decay, second), scale.bands)

    return Shift(len(ids), sum(band(before[p]) != band(after[p]) for p in ids))


def _given(rules: Sequence[tuple[int, Rule, str]], days: int) -> dict[int, Effect]:
    heard: dict[str, list[Rule]] = {}
    for _pk, rule, kind in rules:
        heard.setdefault(kind, []).append(rule)
    events = _events(sorted(heard), days)
    if events is None:
        return {pk: Effect(partial=True) for pk, _rule, _kind in rules}
    lines = [line for line in caps.capped(scoring.hits(events, heard), fresh=True) if line[2]]
    out = {}
    for pk, rule, _kind in rules:
        mine = [(e, points) for e, r, points in lines if r is rule]
        people = {e.person_id for e, _ in mine}
        out[pk] = Effect(len(mine), len(people), sum(p for _, p in mine), len(events) >= LOOKED)
    return out


def _events(kinds: list[str], days: int) -> list[Past] | None:
    """The newest facts of these kinds in order of time; None where the database would take too long."""
    if not kinds:
        return []
    now = clock.now()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE}")
            cursor.execute(
                "SELECT person_id, at, id, kind, data FROM timeline_fact WHERE kind = ANY(%s) AND at > %s AND at <= %s "
                "ORDER BY at DESC, id DESC LIMIT %s",
                [kinds, now - timedelta(days=days), now, LOOKED],
            )
            rows = cursor.fetchall()
            cursor.execute("SET LOCAL statement_timeout = DEFAULT")
    except OperationalError:
        return None
    return [Past(p, at, i, kind, json.decode(text)) for p, at, i, kind, text in reversed(rows)]
