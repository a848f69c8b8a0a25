"""Score models and their rules as the engine reads them: a model lives in one space, and while it is computed anew
(`ScoreRun`) its future self in another one. A batch of facts scores in both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headwater.audience.models import ScoreModel, ScoreRule, ScoreRun, Topic
from headwater.audience.rules import Bands, Decay, Test, where_test

#: What a rule is in a snapshot of it (ScoreRun.before, ScoreRule.past)
FIELDS = ("name", "kind", "where", "condition", "points", "cap", "cap_per", "cap_total", "times", "times_per", "active")
MOMENTS = ("since", "ended_at")


@dataclass(frozen=True)
class Scale:
    """A model in one space. `building`: nobody sees it yet."""

    space: int
    model_id: int
    key: str
    name: str
    bands: Bands
    thresholds: tuple[int, ...]
    decay: Decay
    rollup: str
    building: bool = False


@dataclass(frozen=True)
class Limit:
    """At most `most` points (`times`: entries) in a period: seconds before a fact, 0: its day (UTC), None: ever."""

    most: int
    seconds: int | None
    times: bool = False


@dataclass(frozen=True)
class Rule:
    """One version of a rule in one space; it counts facts from `since` until before `until`."""

    id: int
    space: int
    points: int
    limits: tuple[Limit, ...]
    test: Test
    name: str
    since: datetime | None = None
    until: datetime | None = None

    def fits(self, at: datetime, data: Mapping[str, Any]) -> bool:
        if (self.since is not None and at < self.since) or (self.until is not None and at >= self.until):
            return False
        return self.test(data)


Standing = dict[tuple[int, int], tuple[Rule, Any]]
_PERIODS = {"day": 0, "week": 7 * 86400, "month": 30 * 86400, "total": None}


def snapshot(rule: ScoreRule) -> dict[str, Any]:
    """A rule as JSON, to be put back by `restored`."""
    out = {name: getattr(rule, name) for name in FIELDS}
    moments = {name: value and value.isoformat() for name in MOMENTS for value in [getattr(rule, name)]}
    return {**out, **moments, "past": rule.past}


def restored(snap: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a rule out of its snapshot."""
    moments = {name: _moment(snap.get(name)) for name in MOMENTS}
    return {**{name: snap[name] for name in FIELDS}, **moments, "past": snap["past"]}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def scales_of(
    models: Sequence[ScoreModel], rules: Sequence[ScoreRule], runs: Mapping[int, ScoreRun]
) -> tuple[dict[int, Scale], dict[str, list[Rule]], Standing]:
    """Spaces, rules by kind of fact, and rules that stand, for all models."""
    scales: dict[int, Scale] = {}
    heard: dict[str, list[Rule]] = {}
    standing: Standing = {}
    for m in models:
        run = runs.get(m.pk)
        before = run.before if run else {}
        decay = Decay(m.decay, m.decay_days)
        scales[m.living] = _scale(m, m.living, Decay(*before["decay"]) if before.get("decay") else decay, False)
        if run:
            scales[run.pk] = _scale(m, run.pk, decay, True)
        old = before.get("rules", {})
        for rule in (r for r in rules if r.model_id == m.pk):
            now = snapshot(rule)
            _add(rule.pk, old.get(str(rule.pk), now), m.living, heard, standing)
            if run:
                _add(rule.pk, now, run.pk, heard, standing)
        gone = {int(pk) for pk in old} - {r.pk for r in rules}
        for pk in sorted(gone):
            _add(pk, old[str(pk)], m.living, heard, standing)
    return scales, heard, standing


def topics_of(
    topics: Sequence[Topic], runs: Mapping[int, ScoreRun]
) -> tuple[dict[int, Scale], list[tuple[int, str, str]]]:
    """The spaces of all topics (below zero), and the signs of each: (space, match, lower-case value)."""
    scales, signs = {}, []
    for t in topics:
        run = runs.get(-t.pk)
        before = run.before if run else {}
        decay, said = Decay(t.decay, t.decay_days), [[r.match, r.value] for r in t.rules.all()]
        held = Decay(*before["decay"]) if before.get("decay") else decay
        places = [(-t.living, held, before.get("signs", said), False)]
        places += [(-run.pk, decay, said, True)] if run else []
        for space, of, fed, building in places:
            scales[space] = Scale(space, -t.pk, t.key, t.name, (), (), of, "none", building)
            signs += [(space, match, value.lower()) for match, value in fed]
    return scales, signs


def _scale(m: ScoreModel, space: int, decay: Decay, building: bool) -> Scale:
    return Scale(space, m.pk, m.key, m.name, m.bands, tuple(m.thresholds), decay, m.rollup, building)


def _add(pk: int, snap: Mapping[str, Any] | None, space: int, heard: dict[str, list[Rule]], to: Standing) -> None:
    """A rule as its snapshot says, with its past versions."""
    if snap is None:
        return
    if snap.get("condition") is not None:
        if snap["active"]:
            to[-pk, space] = (Rule(pk, space, snap["points"], (), lambda data: True, snap["name"]), snap["condition"])
        return
    for version in snap["past"]:
        heard.setdefault(version["kind"], []).append(rule_of(pk, version, snap["name"], space))
    if snap["active"] and not snap.get("ended_at"):
        heard.setdefault(snap["kind"], []).append(rule_of(pk, snap, snap["name"], space))


def rule_of(pk: int, said: Mapping[str, Any], name: str, space: int) -> Rule:
    """A version of a rule (or a draft of one) in a space."""
    limits = []
    if said.get("cap") is not None:
        limits.append(Limit(said["cap"], _PERIODS[said["cap_per"]]))
    if said.get("cap_total") is not None:
        limits.append(Limit(said["cap_total"], None))
    if said.get("times") is not None:
        limits.append(Limit(said["times"], _PERIODS[said["times_per"]], times=True))
    since, until = _moment(said.get("since")), _moment(said.get("until"))
    return Rule(pk, space, said["points"], tuple(limits), where_test(said["where"]), name, since, until)


def versions(before: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """The past of a rule that changes from now on: its versions, and the one that held until now."""
    past = list(before["past"])
    if before["active"] and not before.get("ended_at") and before.get("condition") is None:
        keep = ("kind", "where", "points", "cap", "cap_per", "cap_total", "times", "times_per", "since")
        past.append({**{name: before[name] for name in keep}, "until": now.isoformat()})
    return past
