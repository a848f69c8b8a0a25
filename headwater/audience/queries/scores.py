"""Reading scores: what they are, why, how they came about, who is in which band."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count

from headwater.core import clock

from ..compiler.words import band_name
from ..engine.book import book
from ..engine.ledger import second_of, turned
from ..models import CompanyScore, PersonScore, ScoreEntry, ScoreModel, ScoreRule, ScoreRun, Segment
from ..registry import Use, uses_of_scores
from ..rules import COLD, STANDS, Decay, Given, band_of, points_at, shares, worth_of

ENGAGEMENT = "engagement"


@dataclass(frozen=True, slots=True)
class Score:
    points: int
    band: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the ledger. points: as they were given; worth: what is left of them now."""

    at: datetime
    points: int
    why: str
    kind: str
    fact_id: UUID
    rule_id: int
    actor: str
    worth: float = 0


@dataclass(frozen=True, slots=True)
class Explanation:
    """The worth of all lines and `rounding` add up to `points` exactly (see rules.shares)."""

    model: str
    points: int
    band: str
    lines: list[Line]
    rounding: float = 0
    name: str = ""
    decay: str = "none"
    decay_days: int = 0


def models(*, archived: bool = False) -> list[ScoreModel]:
    """Score models, the lead score first."""
    found = ScoreModel.objects.all() if archived else ScoreModel.objects.filter(archived_at=None)
    return sorted(found, key=lambda m: (m.archived_at is not None, m.key != ENGAGEMENT, m.name.lower()))


def scores(person_ids: Sequence[int], model: str = ENGAGEMENT) -> dict[int, Score]:
    """The score of each of these people now; those who have none have 0 points."""
    return {p: of[model] for p, of in all_scores(person_ids, [model]).items()}


def all_scores(person_ids: Sequence[int], keys: Iterable[str]) -> dict[int, dict[str, Score]]:
    """The scores of each of these people in these models. What is due is computed on the spot."""
    rules, now = book(), clock.now()
    spaces = {rules.spaces[key][0]: key for key in keys if key in rules.spaces}
    nothing = {key: Score(0, COLD) for key in keys} | {
        key: Score(0, band_of(0, rules.scales[space].bands)) for space, key in spaces.items()
    }
    out = {p: dict(nothing) for p in person_ids}
    if not out or not spaces:
        return out
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, model_id, points, band, turns_at <= %s FROM audience_personscore "
            "WHERE person_id = ANY(%s) AND model_id = ANY(%s)",
            [now, list(out), list(spaces)],
        )
        rows = cursor.fetchall()
    due = [(p, space) for p, space, _points, _band, late in rows if late]
    fresh = turned(due, rules, now) if due else {}
    for p, space, points, band, _late in rows:
        if (p, space) in fresh:
            points = fresh[p, space][0]
            band = band_of(points, rules.scales[space].bands)
        out[p][spaces[space]] = Score(points, band)
    return out


def explain_score(person_id: int, model: str = ENGAGEMENT) -> Explanation:
    """Every line that makes the score, newest first, with what is left of it now. What is left is shown in tenths of a
    point, which add up to the score in tenths (largest remainder); `rounding` is from there to whole points."""
    found = ScoreModel.objects.filter(key=model).first()
    if found is None:
        return Explanation(model, 0, COLD, [])
    names = dict(ScoreRule.objects.filter(model=found).values_list("pk", "name"))
    rows = ScoreEntry.objects.filter(person_id=person_id, model_id=found.living).order_by("-at", "-fact_id")
    decay = _decay(found)
    points, rounding, lines = added_up(list(rows), names, decay)
    return Explanation(model, points, band_of(points, found.bands), lines, rounding, found.name, decay.kind, decay.days)


def added_up(rows: Sequence[ScoreEntry], names: Mapping[int, str], decay: Decay) -> tuple[int, float, list[Line]]:
    """Lines of the ledger with what is left of each now, in tenths, what they are worth together in whole points, and
    what is between."""
    second = second_of(clock.now())
    given = [_given(r) for r in rows]
    points = points_at(given, decay, second)
    worth = shares([worth_of(g, decay, second) for g in given])
    lines = [
        Line(r.at, r.points, names.get(r.rule_id) or r.reason or r.kind, r.kind, r.fact_id, r.rule_id, r.actor, w)
        for r, w in zip(rows, worth, strict=True)
    ]
    return points, round(points - sum(worth), 1) + 0, lines


def _decay(model: ScoreModel) -> Decay:
    """The decay that holds (while another one is being computed, the one before)."""
    scale = book().scales.get(model.living)
    return scale.decay if scale else Decay(model.decay, model.decay_days)


def _given(row: ScoreEntry) -> Given:
    return Given(row.points, second_of(row.at), row.kind == STANDS)


def score_history(person_id: int, days: int = 90, model: str = ENGAGEMENT) -> list[int]:
    """The score at the end of each of the last `days` days (UTC), oldest first; the last one is now."""
    found = ScoreModel.objects.filter(key=model).first()
    return day_by_day(person_id, found.living if found else 0, _decay(found) if found else Decay(), days)


def day_by_day(person_id: int, space: int, decay: Decay, days: int) -> list[int]:
    """The same of a space of the ledger."""
    now = clock.now()
    rows = ScoreEntry.objects.filter(person_id=person_id, model_id=space).order_by("at")
    given = [_given(r) for r in rows.only("person_id", "at", "fact_id", "rule_id", "model_id", "points", "kind")]
    seconds = [g.second for g in given]
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    ends = [second_of(midnight - timedelta(days=ago - 1)) - 1 for ago in range(days - 1, 0, -1)]
    return [points_at(given[: bisect_right(seconds, end)], decay, end) for end in (*ends, second_of(now))]


def band_counts() -> dict[tuple[int, str], int]:
    """(model, band) -> people. Who has no points at all is in no row."""
    living = {m.living: m.pk for m in ScoreModel.objects.all()}
    rows = PersonScore.objects.filter(model_id__in=living).values_list("model_id", "band")
    return {(living[space], b): n for space, b, n in rows.annotate(n=Count("person_id"))}


@dataclass(frozen=True, slots=True)
class BandShare:
    """A band with its people. start: the points it begins at, None for the lowest."""

    key: str
    label: str
    hue: int
    start: int | None
    count: int
    share: int


def distribution(model: ScoreModel, counts: dict[tuple[int, str], int], people: int) -> list[BandShare]:
    """The bands of a model, highest first, with how many people each holds; who has no points is where 0 lies."""
    of = {b["key"]: counts.get((model.pk, b["key"]), 0) for b in model.bands}
    of[band_of(0, model.bands)] += max(0, people - sum(of.values()))
    total = max(1, sum(of.values()))
    return [
        BandShare(b["key"], band_name(b), b["hue"], b["start"], of[b["key"]], round(100 * of[b["key"]] / total))
        for b in reversed(model.bands)
    ]


def people_count() -> int:
    """How many contacts there are: exact up to 100,000, above that the planner's estimate."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE relname = 'people_contact'")
        estimate = int(cursor.fetchone()[0])
        if estimate > 100_000:
            return estimate
        cursor.execute("SELECT count(*) FROM people_contact")
        return int(cursor.fetchone()[0])


def company_scores(company_ids: Sequence[int], model: str = ENGAGEMENT) -> dict[int, Score]:
    """The rolled-up scores of these companies; those that have none are left out."""
    rows = CompanyScore.objects.filter(
        company_id__in=list(company_ids), model_id__in=ScoreModel.objects.filter(key=model).values("pk")
    )
    return {r.company_id: Score(r.points, r.band) for r in rows}


def company_score_of(person_id: int, model: str) -> Score:
    """The score of a person's company."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT company_id FROM people_contact WHERE id = %s", [person_id])
        row = cursor.fetchone()
    found = company_scores([row[0]], model) if row and row[0] else {}
    return next(iter(found.values()), Score(0, COLD))


def runs() -> dict[int, ScoreRun]:
    """Model -> the run that computes it anew."""
    return {r.model_id: r for r in ScoreRun.objects.filter(state=ScoreRun.State.RUNNING).order_by("pk")}


def band_users(model: ScoreModel, bands: Collection[str]) -> list[Use]:
    """What asks for these bands of a score: segments, and what packages above tell (journeys)."""
    if not bands:
        return []
    keys = {f"score:{model.key}", f"company_score:{model.key}"}
    askers = [s.id for s in book().segments if not s.needs.isdisjoint(keys)]
    rows = Segment.objects.filter(pk__in=askers).order_by("name")
    naming = [s for s in rows if _names_band([s.definition, s.pending], model.key, bands)]
    found = [Use(s.name, f"/segments/{s.pk}/", "funnel") for s in naming]
    told = uses_of_scores([f"{model.key}:{band}" for band in bands])
    return found + [use for uses in told.values() for use in uses]


def _names_band(node: Any, model: str, bands: Collection[str]) -> bool:
    if isinstance(node, dict):
        mine = node.get("score") == model and node.get("band") in bands
        return mine or any(_names_band(value, model, bands) for value in node.values())
    return isinstance(node, list) and any(_names_band(value, model, bands) for value in node)


def score_users(model: ScoreModel) -> list[Use]:
    """What uses a score: segments, and what packages above tell (journeys)."""
    keys = {f"score:{model.key}", f"company_score:{model.key}"}
    asking = [s.id for s in book().segments if s.id > 0 and not s.needs.isdisjoint(keys)]
    rows = Segment.objects.filter(pk__in=asking, keeper="").order_by("pk")  # journeys name those that they keep
    mine = [Use(s.name, f"/segments/{s.pk}/", "funnel") for s in rows]
    return mine + uses_of_scores([model.key])[model.key]
