"""Writing journeys: the draft, its versions, live and paused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from headwater.audience import actions as audience
from headwater.audience.models import Segment
from headwater.core import clock, wake

from ..engine import rulebook
from ..engine.graph import check_shape, problems
from ..models import Journey, JourneyVersion, StartClock, Status, empty_graph
from ..rules.calendar import rule_hash
from ..rules.duration import RuleError


class NotPublishable(Exception):
    """The draft has problems; `problems` lists them, each with its place."""

    def __init__(self, found: Sequence[RuleError]) -> None:
        super().__init__("; ".join(f"{p.where}: {p.message}" for p in found))
        self.problems = list(found)


class Conflict(Exception):
    """Somebody else changed the draft in between."""


def create_journey(
    *,
    name: str,
    actor: str,
    description: str = "",
    graph: Mapping[str, Any] | None = None,
    gallery: str = "",
) -> Journey:
    """A new draft. Raises RuleError without a name."""
    if not name.strip():
        raise RuleError(_("Give the journey a name."), "name")
    if graph:
        check_shape(graph)
    now = clock.now()
    return Journey.objects.create(
        name=name.strip()[:120],
        description=description,
        draft=dict(graph) if graph else empty_graph(),
        gallery=gallery,
        changed_by=actor,
        created_at=now,
        updated_at=now,
    )


def update_journey(
    journey_id: int,
    *,
    actor: str,
    name: str | None = None,
    description: str | None = None,
    graph: Mapping[str, Any] | None = None,
    revision: int | None = None,
) -> Journey:
    """Change the draft; what people walk on changes with `publish`. revision: the one that the caller edited; another
    one in the database raises Conflict. Raises Journey.DoesNotExist, RuleError."""
    with transaction.atomic():
        journey = Journey.objects.select_for_update().get(pk=journey_id)
        if revision is not None and revision != journey.revision:
            raise Conflict(
                _("Somebody else changed this journey in the meantime. Reload the page and change it again.")
            )
        if name is not None:
            if not name.strip():
                raise RuleError(_("Give the journey a name."), "name")
            journey.name = name.strip()[:120]
        if description is not None:
            journey.description = description
        if graph is not None:
            check_shape(graph)
            journey.draft = dict(graph)
        journey.revision += 1
        journey.changed_by = actor
        journey.updated_at = clock.now()
        journey.save()
        wake.publish(f"journey:{journey.pk}")
    return journey


def duplicate(journey_id: int, *, actor: str, name: str = "") -> Journey:
    """A copy of the draft as a new journey; its mails are shared. Raises Journey.DoesNotExist."""
    source = Journey.objects.get(pk=journey_id)
    return create_journey(
        name=name.strip() or _("Copy of %(name)s") % {"name": source.name},
        description=source.description,
        graph=source.draft,
        actor=actor,
    )


def publish(journey_id: int, *, actor: str) -> JourneyVersion:
    """Make the draft the version that people enter from now on, and the journey live. People who are in it finish on
    the version they entered. Nothing new is made of an unchanged draft. Raises NotPublishable, DoesNotExist."""
    with transaction.atomic():
        journey = Journey.objects.select_for_update().get(pk=journey_id)
        found = problems(journey.draft)
        if found:
            raise NotPublishable(found)
        version = journey.version
        now = clock.now()
        if version is None or version.graph != journey.draft:
            version = JourneyVersion.objects.create(
                journey=journey,
                number=(version.number if version else 0) + 1,
                graph=journey.draft,
                published_at=now,
                actor=actor,
            )
        journey.version, journey.status, journey.updated_at = version, Status.LIVE, now
        journey.save()
        _prepare(journey, version, actor)
        wake.notify([f"journey:{journey.pk}"])
    return version


def _prepare(journey: Journey, version: JourneyVersion, actor: str) -> None:
    """What rules of a version need outside of it: segments of scores, and clocks that begin now."""
    graph = version.graph
    rules = [*(graph.get("entry") or []), *(graph.get("exits") or []), *([graph["goal"]] if graph.get("goal") else [])]
    for rule in rules:
        if rule["kind"] == "points" and not Segment.objects.filter(key=rulebook.points_key(rule)).exists():
            model, points = rule.get("model") or "engagement", int(rule["points"])
            audience.create_segment(
                name=_("Score of %(points)s and over (%(model)s)") % {"points": points, "model": model},
                definition={"score": model, "op": "gte", "value": points},
                key=rulebook.points_key(rule),
                actor=actor,
            )
    clocks = [
        StartClock(journey=journey, rule=rule_hash(rule), done_to=version.published_at)
        for rule in graph.get("entry") or []
        if rule["kind"] in ("date", "schedule")
    ]
    StartClock.objects.bulk_create(clocks, ignore_conflicts=True)


def pause(journey_id: int, *, actor: str) -> Journey:
    """Nobody enters and nobody takes a step until it is resumed; waits run on meanwhile."""
    return _set_status(journey_id, Status.PAUSED, {Status.LIVE})


def resume(journey_id: int, *, actor: str) -> Journey:
    """Go on after a pause: whoever has become due meanwhile takes her step now."""
    return _set_status(journey_id, Status.LIVE, {Status.PAUSED})


def _set_status(journey_id: int, status: str, before: set[Any]) -> Journey:
    with transaction.atomic():
        journey = Journey.objects.select_for_update().get(pk=journey_id)
        if journey.status == status:
            return journey
        if journey.status not in before:
            raise RuleError("Only a published journey can be paused or resumed.")
        journey.status, journey.updated_at = status, clock.now()
        journey.save()
        wake.notify([f"journey:{journey.pk}"])
    return journey


def delete_draft(journey_id: int, *, actor: str) -> bool:
    """Throw a journey away that was never published. Returns False where it was."""
    return bool(Journey.objects.filter(pk=journey_id, version=None).delete()[0])
