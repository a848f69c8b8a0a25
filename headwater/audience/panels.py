"""What the audience adds: menu, score, interests and segments on a person's page, columns and filters of the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from headwater.core.ids import id_of
from headwater.core.registry import (
    NavItem,
    PaletteAction,
    Panel,
    SearchHit,
    SearchSource,
    navigation,
    palette_actions,
    panels,
    search_sources,
)
from headwater.people import registry
from headwater.people.registry import Column, Condition, Filter, Sort

from . import queries
from .actions.holdings import HOLDER
from .actions.listed import BULKS
from .compiler.words import band_name
from .models import ScoreModel, Segment, Topic
from .rules import band_of

HUES = {"cold": 235, "warm": 60, "hot": 25}
registry.holders.add("audience", HOLDER)
for bulk in BULKS:
    registry.bulks.add(bulk.name, bulk)

navigation.add(
    "segments",
    NavItem("segments", _("Segments"), "funnel", "audience:segments", "marketing", 40, prefixes=("/segments/",)),
)
navigation.add(
    "scoring", NavItem("scoring", _("Scoring"), "gauge", "audience:scoring", "marketing", 45, prefixes=("/scoring/",))
)
palette_actions.add(
    "segment.create", PaletteAction("segment.create", _("Create segment"), "funnel-plus", "audience:new", "", 60)
)


def _find_segments(user: Any, text: str, limit: int) -> list[SearchHit]:
    counts = queries.counts()
    found = Segment.objects.filter(keeper="", name__icontains=text).order_by("name")[:limit]
    return [SearchHit(s.name, str(counts.get(s.pk, 0)), f"/segments/{s.pk}/", "funnel") for s in found]


search_sources.add("segments", SearchSource("segments", _("Segments"), _find_segments, 40))


# -- a person's page -------------------------------------------------------------------------------------------------
def spark(values: Sequence[int], width: float = 150, height: float = 44) -> tuple[str, str]:
    """SVG paths of a line and of the area below it."""
    low, high = min(values), max(values)
    scale = (height - 6) / (high - low or 1)
    step = width / max(1, len(values) - 1)
    points = [f"{n * step:.1f} {height - 3 - (v - low) * scale:.1f}" for n, v in enumerate(values)]
    line = "M" + "L".join(points)
    return line, f"{line}V{height:.0f}H0Z"


def _score(request: Any, contact: Any) -> dict[str, Any]:
    history = queries.score_history(contact.pk)
    line, area = spark(history)
    models = queries.models()
    found = queries.all_scores([contact.pk], [m.key for m in models])[contact.pk]
    of = {m.key: {b["key"]: b for b in m.bands} for m in models}
    shown: list[dict[str, Any]] = [
        {"key": m.key, "name": m.name, "points": found[m.key].points, "band": of[m.key].get(found[m.key].band)}
        for m in models
    ]
    for one in shown:
        one["label"] = band_name(one["band"]) if one["band"] else ""
    return {"person_id": contact.pk, "score": shown[0] if shown else None, "others": shown[1:], "line": line,
            "area": area, "change": history[-1] - history[-8]}  # fmt: skip


def _interests(request: Any, contact: Any) -> dict[str, Any] | None:
    found = queries.interests([contact.pk])[contact.pk]
    return {"interests": found[:8], "person_id": contact.pk} if found else None


def _segments(request: Any, contact: Any) -> dict[str, Any] | None:
    found = queries.segments_of([contact.pk])[contact.pk]
    there = found or Segment.objects.filter(generation__gt=0, keeper="").exists()
    return {"segments": found, "person_id": contact.pk} if there else None


def _company(request: Any, company: Any) -> dict[str, Any] | None:
    """The scores rolled up from the company's people."""
    shown = []
    for m in queries.models():
        found = queries.company_scores([company.pk], m.key).get(company.pk) if m.rollup != "none" else None
        if found is not None:
            band = next((b for b in m.bands if b["key"] == found.band), None)
            label = band_name(band) if band else ""
            shown.append({"model": m, "points": found.points, "band": band, "label": label})
    return {"scores": shown} if shown else None


for panel in (
    Panel("company_score", "company", "rail", "audience/panel_company.html", _company, _("Company score"), 10),
    Panel("score", "contact", "rail", "audience/panel_score.html", _score, _("Lead score"), 10),
    Panel("interests", "contact", "rail", "audience/panel_interests.html", _interests, _("Interests"), 60),
    Panel("segments", "contact", "rail", "audience/panel_segments.html", _segments, _("Segments"), 70),
):
    panels.add(panel.name, panel)


# -- the list of people ----------------------------------------------------------------------------------------------
def _scores_of(person_ids: Sequence[int]) -> Mapping[int, Any]:
    found = queries.scores(person_ids)
    bands = _bands()
    return {p: _shown(s, bands) for p, s in found.items()}


def _company_scores(company_ids: Sequence[int]) -> Mapping[int, Any]:
    bands = _bands()
    found = queries.company_scores(company_ids)
    return {c: _shown(s, bands) for c, s in found.items()}


_MODEL = "(SELECT coalesce(space, id) FROM audience_scoremodel WHERE key = 'engagement')"


def _at_least(value: str) -> Condition:
    return (
        (
            f"EXISTS (SELECT FROM audience_personscore ps WHERE ps.person_id = c.id AND ps.model_id = {_MODEL} "
            "AND ps.points >= %s)"
        ),
        [int(value)],
    )


def _bands() -> dict[str, Any]:
    """Bands of the lead score by their keys."""
    found = ScoreModel.objects.filter(key=queries.ENGAGEMENT).values_list("bands", flat=True).first() or []
    return {band["key"]: band for band in found}


def _shown(score: Any, bands: dict[str, Any]) -> dict[str, Any]:
    """A score as rows show it."""
    band = bands.get(score.band)
    return {"points": score.points, "label": band_name(band) if band else "", "hue": band["hue"] if band else 265}


def _hue(band: str) -> int:
    return int(_bands().get(band, {}).get("hue", HUES.get(band, 265)))


def _band_label(band: str) -> str:
    found = _bands().get(band)
    return band_name(found) if found else band


def _band(value: str) -> Condition:
    bands = _bands()
    if value not in bands:
        raise ValueError(value)
    inside = f"SELECT FROM audience_personscore ps WHERE ps.person_id = c.id AND ps.model_id = {_MODEL}"
    if value == band_of(0, list(bands.values())):  # who has no points yet is in it too
        return f"NOT EXISTS ({inside} AND ps.band <> %s)", [value]
    return f"EXISTS ({inside} AND ps.band = %s)", [value]


def _company_band(value: str) -> Condition:
    """The band of a company's score; those without one are in none."""
    if value not in _bands():
        raise ValueError(value)
    return (
        "EXISTS (SELECT FROM audience_companyscore cs JOIN audience_scoremodel m ON m.id = cs.model_id "
        "AND m.key = 'engagement' WHERE cs.company_id = co.id AND cs.band = %s)"
    ), [value]


def _scored(value: str) -> Condition:
    """MODEL:BAND of any score."""
    key, _colon, band = value.partition(":")
    model = ScoreModel.objects.filter(key=key).first()
    if model is None or band not in [b["key"] for b in model.bands]:
        raise ValueError(value)
    inside = "SELECT FROM audience_personscore ps WHERE ps.person_id = c.id AND ps.model_id = %s"
    if band == band_of(0, model.bands):
        return f"NOT EXISTS ({inside} AND ps.band <> %s)", [model.living, band]
    return f"EXISTS ({inside} AND ps.band = %s)", [model.living, band]


def _scored_choices() -> list[tuple[str, Any]]:
    return [(f"{m.key}:{b['key']}", f"{m.name}: {band_name(b)}") for m in queries.models() for b in m.bands]


def _segment(value: str) -> Condition:
    return (
        (
            "EXISTS (SELECT FROM audience_segmentmember sm JOIN audience_segment sg ON sg.id = sm.segment_id "
            "AND sg.generation = sm.generation WHERE sm.person_id = c.id AND sm.segment_id = %s)"
        ),
        [int(value)],
    )


def _segment_words(value: str) -> Any:
    found = Segment.objects.filter(pk=id_of(value) or 0).first()
    return gettext("In the segment %(name)s") % {"name": found.name if found else value}


def _choices(rows: Any, key: str) -> list[tuple[str, Any]]:
    return [(str(value), name) for value, name in rows.order_by("name").values_list(key, "name")[:200]]


def _topic(value: str) -> Condition:
    return (
        (
            "EXISTS (SELECT FROM audience_interest ai JOIN audience_topic t ON coalesce(t.space, t.id) = ai.topic_id "
            "WHERE ai.person_id = c.id AND ai.weight > 0 AND t.key = %s)"
        ),
        [value],
    )


registry.columns.add(
    "score",
    Column("score", _("Score"), "audience/rows/score.html", _scores_of, sort="score", numeric=True, order=40),
)
registry.company_columns.add(
    "score",
    Column("score", _("Score"), "audience/rows/score.html", _company_scores, sort="score", numeric=True, order=40),
)
registry.sorts.add(
    "score",
    Sort("score", _("Score"), "audience_ps.points", "integer",
         "LEFT JOIN audience_personscore audience_ps ON audience_ps.person_id = c.id "
         f"AND audience_ps.model_id = {_MODEL}", order=40),
)  # fmt: skip
registry.company_sorts.add(
    "score",
    Sort("score", _("Score"), "coalesce(audience_cs.points, -2000000000)", "integer",
         "LEFT JOIN audience_companyscore audience_cs ON audience_cs.company_id = co.id AND audience_cs.model_id = "
         "(SELECT id FROM audience_scoremodel WHERE key = 'engagement')", order=40),
)  # fmt: skip
registry.company_filters.add(
    "band",
    Filter(
        "band", _("Temperature"), "flame", _company_band,
        lambda v: gettext("Temperature is %(band)s") % {"band": _band_label(v)},
        lambda: [(key, band_name(band)) for key, band in _bands().items()], 51,
    ),
)  # fmt: skip
for filter_ in (
    Filter(
        "score", _("Score at least"), "gauge", _at_least,
        lambda v: gettext("Lead score is at least %(n)s") % {"n": v}, None, 50,
    ),
    Filter(
        "band", _("Temperature"), "flame", _band,
        lambda v: gettext("Temperature is %(band)s") % {"band": _band_label(v)},
        lambda: [(key, band_name(band)) for key, band in _bands().items()], 51,
    ),
    Filter(
        "scored", _("Score band"), "gauge", _scored,
        lambda v: dict(_scored_choices()).get(v, v), _scored_choices, 51,
    ),
    Filter(
        "segment", _("Segment"), "funnel", _segment, _segment_words,
        lambda: _choices(Segment.objects.filter(keeper=""), "pk"), 52,
    ),
    Filter(
        "interest", _("Interest"), "lightbulb", _topic,
        lambda v: gettext("Interested in %(topic)s") % {"topic": v},
        lambda: _choices(Topic.objects.all(), "key"), 53,
    ),
):  # fmt: skip
    registry.filters.add(filter_.name, filter_)


# -- the timeline ----------------------------------------------------------------------------------------------------
def _band_word(value: Any) -> tuple[Any, int]:
    return _band_label(str(value)), _hue(str(value))


registry.words.add("score.band_changed.before", _band_word)
registry.words.add("score.band_changed.after", _band_word)
for kind in ("segment.entered", "segment.left"):
    registry.links.add(f"{kind}.name", lambda data: f"/segments/{data['segment']}/")
