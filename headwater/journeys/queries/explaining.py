"""Why is she here, and why did she not enter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from headwater.audience.compiler import parse
from headwater.audience.compiler.explain import Verdict, explain
from headwater.core import clock
from headwater.timeline import queries as timeline

from ..engine.graph import Version, versions
from ..models import OPEN, Journey, Passage, Status
from ..rules import matching
from ..rules.duration import delta
from .words import said

LAST = 500
#: How far the dry run goes
MOST_STEPS = 100


@dataclass(frozen=True)
class Reason:
    """One condition of entering: does it hold, and why (not)."""

    what: str
    holds: bool
    words: str
    at: datetime | None = None


def why_not(journey: Journey, person_id: int) -> dict[str, Any]:
    """Could she enter now, and if not, why not: {"inside", "may_enter", "has_cause", "reasons"}. Her last 500 facts are
    looked at."""
    reasons = [Reason("status", journey.status == Status.LIVE, _status(journey))]
    version = versions([journey.version_id]).get(journey.version_id) if journey.version_id else None
    past = list(Passage.objects.filter(person_id=person_id, journey_id=journey.pk).order_by("-entered_at")[:20])
    inside = next((p for p in past if p.state in OPEN), None)
    if version is not None:
        reasons += _causes(version, person_id)
        if version.only:
            reasons += _only(version, person_id)
        reasons.append(_again(version, past, inside))
    causes = [r.holds for r in reasons if r.what.startswith("entry")]
    others = all(r.holds for r in reasons if not r.what.startswith(("entry", "only.")))
    return {
        "inside": str(inside.id) if inside else None,
        "may_enter": others and version is not None,
        "has_cause": any(causes),
        "reasons": [asdict(r) for r in reasons],
    }


def _status(journey: Journey) -> str:
    return {
        "live": _("The journey is live."),
        "paused": _("The journey is paused: nobody enters."),
        "draft": _("The journey has not been published."),
    }[journey.status]


def _causes(version: Version, person_id: int) -> list[Reason]:
    entries = timeline.read(person_id, limit=LAST, quiet=True)
    out = []
    if not version.entry:
        name = said({"kind": "manual"})
        return [Reason("entry", False, _("%(rule)s: only when somebody lets her in") % {"rule": name})]
    for n, rule in enumerate(version.entry):
        name = said(rule)
        kind = matching.fact_kind(rule)
        if rule["kind"] == "manual":
            out.append(Reason(f"entry.{n}", False, _("%(rule)s: only when somebody lets her in") % {"rule": name}))
            continue
        if kind is None:
            out.append(Reason(f"entry.{n}", False, _("%(rule)s: comes by itself when it is time") % {"rule": name}))
            continue
        found = [e for e in entries if e.kind == kind]
        hit = next((e for e in found if matching.matches(rule, e.kind, e.data)), None)
        if hit is not None:
            out.append(Reason(f"entry.{n}", True, _("%(rule)s: happened") % {"rule": name}, hit.at))
        elif found:
            words = _("%(rule)s: it happened, but not as the rule asks") % {"rule": name}
            said_so = _otherwise(rule, found[0].data)
            out.append(Reason(f"entry.{n}", False, f"{words}. {said_so}" if said_so else words, found[0].at))
        else:
            out.append(Reason(f"entry.{n}", False, _("%(rule)s: has not happened") % {"rule": name}))
    return out


def _otherwise(rule: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """What was different the last time, in words: "path was “/”"."""
    for w in rule.get("where") or ():
        if not matching.holds([w], data):
            values = {"prop": w["prop"], "value": str(data.get(w["prop"], "–"))[:80]}
            return str(_("The last time %(prop)s was “%(value)s”.") % values)
    return ""


def _only(version: Version, person_id: int) -> list[Reason]:
    """The condition for entering, part by part."""
    answer = explain(parse(version.only), person_id, now=clock.now())
    if answer is None:
        return []
    words = _("She meets the condition for entering.") if answer.holds else _("She does not meet the condition.")
    parts = [
        Reason("only.part", v.holds, v.says + (f" ({v.evidence[0]['text']})" if v.evidence else ""))
        for v in _leaves(answer.verdict)
    ]
    return [Reason("only", answer.holds, words), *(parts if len(parts) > 1 or not answer.holds else [])]


def _leaves(verdict: Verdict) -> list[Verdict]:
    if verdict.op and verdict.children:
        return [leaf for child in verdict.children for leaf in _leaves(child)]
    return [verdict]


def _again(version: Version, past: Sequence[Passage], inside: Passage | None) -> Reason:
    rule, after = version.reentry.get("rule", "when_finished"), version.reentry.get("after")
    if not past:
        return Reason("reentry", True, _("She was never in this journey."))
    last = past[0].entered_at
    if rule == "once":
        return Reason("reentry", False, _("She was in it before, and people come in once only."), last)
    if rule == "when_finished" and inside:
        return Reason("reentry", False, _("She is in it now."), inside.entered_at)
    if after and clock.now() - last < delta(after):
        return Reason("reentry", False, _("She came in too short a time ago."), last)
    return Reason("reentry", True, _("She was in it before and may come again."), last)
