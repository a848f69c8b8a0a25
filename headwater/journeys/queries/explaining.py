"""Why is she here, why did she not enter; and which way she would take now, without anything being done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from headwater.audience import queries as audience
from headwater.core import clock
from headwater.people.models import Contact
from headwater.timeline import queries as timeline

from ..engine.base import STEPS, Context, Outcome, Traveller
from ..engine.graph import Node, Version, ready, versions
from ..engine.rulebook import with_segments
from ..models import OPEN, Journey, Passage, Status
from ..rules import matching
from ..rules.duration import delta
from .draft import title
from .inside import reason
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
            holds = person_id in audience.matching(version.only, [person_id])
            words = _("She meets the condition for entering.") if holds else _("She does not meet the condition.")
            reasons.append(Reason("only", holds, words))
        reasons.append(_again(version, past, inside))
    causes = [r.holds for r in reasons if r.what.startswith("entry")]
    others = all(r.holds for r in reasons if not r.what.startswith("entry"))
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
    for n, rule in enumerate(version.entry):
        name = said(rule)
        kind = matching.fact_kind(rule)
        if kind is None:
            out.append(Reason(f"entry.{n}", False, _("%(rule)s: comes by itself when it is time") % {"rule": name}))
            continue
        found = [e for e in entries if e.kind == kind]
        hit = next((e for e in found if matching.matches(rule, e.kind, e.data)), None)
        if hit is not None:
            out.append(Reason(f"entry.{n}", True, _("%(rule)s: happened") % {"rule": name}, hit.at))
        elif found:
            words = _("%(rule)s: it happened, but not as the rule asks") % {"rule": name}
            out.append(Reason(f"entry.{n}", False, words, found[0].at))
        else:
            out.append(Reason(f"entry.{n}", False, _("%(rule)s: has not happened") % {"rule": name}))
    return out


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


@dataclass(frozen=True)
class Tried:
    """A step of a dry run. arm: the way she would take; known False: it depends on what happens until then."""

    step: str
    kind: str
    title: str
    at: datetime
    arm: str
    arm_label: str
    words: str
    known: bool = True


class _Undo(Exception):
    pass


def dry_run(journey: Journey, person_id: int, *, event: Mapping[str, Any] | None = None) -> list[Tried]:
    """Which way she would take through the draft if she entered now. Every step is really run, at the time at which she
    would come to it, and everything it did is undone, so nothing is sent and nothing written. What waits for something
    to happen is told as "nothing happens". event: properties of what let her in. Raises Contact.DoesNotExist."""
    Contact.objects.get(pk=person_id)
    graph = with_segments(journey.draft)
    version = ready(0, journey.pk, journey.name, 0, graph)
    out: list[Tried] = []
    try:
        with transaction.atomic():
            _walk(version, person_id, dict(event or {}), out)
            raise _Undo
    except _Undo:
        pass
    return out


def _walk(version: Version, person_id: int, event: Mapping[str, Any], out: list[Tried]) -> None:
    now = clock.now()
    t = _traveller(version, person_id, now, event)
    while t.step in version.nodes and len(out) < MOST_STEPS:
        node = version.nodes[t.step]
        came = now
        outcome = _try(version, node, t, now)
        known = True
        while outcome.what == "wait":
            known = node.kind.kind in ("wait", "wait_date", "send_email")
            now = max(now + timedelta(seconds=1), outcome.until or now)
            t.until, t.woken, t.state = outcome.until, True, "waiting"
            outcome = _try(version, node, t, now)
            if len(out) > MOST_STEPS or now - came > timedelta(days=3650):
                outcome = Outcome("end", "end", "endless")
        out.append(_tried(version, node.id, came, outcome, known))
        target = None if outcome.what != "next" else node.targets.get(outcome.arm)
        if target is None:
            return
        t.step, t.moved_at, t.woken, t.until, t.state = target, now, False, None, "active"
        t.hops += 1


def _try(version: Version, node: Node, t: Traveller, now: datetime) -> Outcome:
    """Run the step at that time, inside a savepoint of the transaction that is undone."""
    run = node.kind.wake if t.woken else node.kind.run
    try:
        with clock.freeze(now), transaction.atomic():
            return run(Context(version, node, now), [t])[0]
    except Exception as error:  # whatever a step may meet at a time to come
        return Outcome("next", reason=f"refused:cannot_be_tried ({type(error).__name__})")


def _traveller(version: Version, person_id: int, now: datetime, event: Mapping[str, Any]) -> Traveller:
    """A passage that is undone with all the rest: steps look up what let her in."""
    made = Passage.objects.create(
        person_id=person_id,
        id=0,
        journey_id=version.journey_id,
        version_id=0,
        entry_key="dry run",
        why={"kind": "manual", "data": dict(event)},
        since=now,
        state="active",
        step=version.start or "",
        entered_at=now,
        moved_at=now,
    )
    return Traveller(person_id, made.id, version.journey_id, 0, version.start or "", now, now)


def _tried(version: Version, step: str, at: datetime, outcome: Outcome, known: bool) -> Tried:
    node = version.nodes[step]
    arms = dict(node.kind.arms(node.settings))
    arm = outcome.arm if outcome.what == "next" else "end"
    words = reason(arm, outcome.reason, arms) if outcome.reason else ""
    return Tried(step, node.kind.kind, _title(version, step), at, arm, arms.get(arm, ""), words, known)


def _title(version: Version, step: str) -> str:
    found = version.graph["steps"][step]
    return title(found, version.graph["steps"]) if found["kind"] in STEPS else step
