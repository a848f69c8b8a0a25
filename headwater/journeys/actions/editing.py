"""Writing journeys: the draft, its versions, live and paused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from headwater.audience import actions as audience
from headwater.audience.models import Segment
from headwater.core import clock, wake
from headwater.people.actions.labels import ensure_tags

from ..engine import rulebook
from ..engine.checking import check_shape, gone, problems, started
from ..engine.leaving import clock_of
from ..models import Journey, JourneyVersion, StartClock, Status, empty_graph
from ..queries.versions import held, titles
from ..queries.words import condition
from ..rules.calendar import rule_hash
from ..rules.duration import RuleError
from . import moving


class NotPublishable(Exception):
    """The draft has problems; `problems` lists them, each with its place."""

    def __init__(self, found: Sequence[RuleError]) -> None:
        super().__init__("; ".join(f"{p.where}: {p.message}" for p in found))
        self.problems = list(found)


class Undecided(Exception):
    """People are in steps that the new version does not have; `steps`: (id, name, how many people)."""

    def __init__(self, steps: Sequence[tuple[str, str, int]]) -> None:
        first = steps[0]
        super().__init__(
            _("%(n)s people are in “%(step)s”, which is no longer there: say what becomes of them.")
            % {"n": first[2], "step": first[1]}
        )
        self.steps = list(steps)


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


def publish(
    journey_id: int,
    *,
    actor: str,
    people: str | None = None,
    mapping: Mapping[str, str] | None = None,
    revision: int | None = None,
) -> JourneyVersion:
    """Make the draft the version that people enter from now on, and the journey live. Nothing new is made of an
    unchanged draft.

    people: what becomes of those who are inside: "finish" on the version they entered, or "move" to this one, each to
    the step that `mapping` names for hers ("exit": out of the journey; "finish": she stays) or to the step of the same
    id ("*": "finish": only from steps that are named). None: they
    finish, unless a step was removed that somebody is in; then somebody must decide. Raises NotPublishable, Undecided,
    Conflict (revision), RuleError (people, mapping), Journey.DoesNotExist.
    """
    with transaction.atomic():
        audience.hold_definitions()  # a segment or a band that the draft names is not deleted meanwhile
        journey = Journey.objects.select_for_update().get(pk=journey_id)
        if revision is not None and revision != journey.revision:
            raise Conflict(_("Somebody else changed this journey in the meantime."))
        found = problems(journey.draft) or gone(journey.draft)
        if found:
            raise NotPublishable(found)
        _decided(journey, people, mapping or {})
        version = journey.version
        now = clock.now()
        if version is None or version.graph != journey.draft:
            last = journey.versions.order_by("-number").values_list("number", flat=True).first() or 0
            version = JourneyVersion.objects.create(
                journey=journey, number=last + 1, graph=journey.draft, published_at=now, actor=actor
            )
        journey.version, journey.status, journey.updated_at = version, Status.LIVE, now
        journey.save()
        _prepare(journey, version, actor)
        if people == "move":
            moving.begin(version, mapping or {}, actor=actor)
        wake.notify([f"journey:{journey.pk}"])
    return version


def _decided(journey: Journey, people: str | None, mapping: Mapping[str, str]) -> None:
    """Is it clear what becomes of everybody? Raises Undecided, RuleError."""
    if people not in (None, "finish", "move"):
        raise RuleError(_("People either finish or move."), "people")
    unknown = moving.check_mapping(mapping, journey.draft)
    if unknown:
        raise RuleError(_("There is no step %(step)s.") % {"step": unknown[0]}, "mapping")
    if people == "finish" or journey.version is None:
        return
    # Whoever is on an older version has been decided about when that was replaced.
    left = held(journey.pk, journey.draft, journey.version_id if people is None else None)
    stays = mapping.get(moving.REST) == moving.STAY
    open_ = {step: n for step, n in left.items() if people is None or (step not in mapping and not stays)}
    if open_:
        names = titles(journey.version.graph, list(open_))
        raise Undecided([(step, names[step], n) for step, n in sorted(open_.items())])


def roll_back(
    journey_id: int, number: int, *, actor: str, people: str | None = None, mapping: Mapping[str, str] | None = None
) -> JourneyVersion:
    """Publish what an earlier version was, as a new version; the draft becomes it too. Raises as `publish`, and
    JourneyVersion.DoesNotExist."""
    with transaction.atomic():
        graph = JourneyVersion.objects.get(journey_id=journey_id, number=number).graph
        update_journey(journey_id, graph=graph, actor=actor)
        return publish(journey_id, actor=actor, people=people, mapping=mapping)


def _prepare(journey: Journey, version: JourneyVersion, actor: str) -> None:
    """What rules of a version need outside of it: segments of scores, and clocks that begin now."""
    graph = version.graph
    for rule in rulebook.rules_of(graph):
        key = rulebook.segment_key(rule)
        if key and not Segment.objects.filter(key=key).exists():
            name, definition = _kept(rule)
            audience.create_segment(name=name[:120], definition=definition, key=key, actor=actor, keeper="journeys")
    # A name that is new is locked until its first user commits; in the engine he would hold lanes meanwhile.
    steps = (graph.get("steps") or {}).values()
    ensure_tags(sorted({step["settings"]["tag"] for step in steps if step["kind"] == "add_tag"}))
    clocks = [
        StartClock(journey=journey, rule=rule_hash(rule), done_to=version.published_at)
        for rule in graph.get("entry") or []
        if rule["kind"] in ("date", "schedule")
    ]
    ends = [*(graph.get("exits") or []), *([graph["goal"]] if graph.get("goal") else [])]
    if any(rulebook.segment_key(rule) for rule in ends):
        clocks.append(StartClock(journey=journey, rule=clock_of(version.pk), done_to=version.published_at))
    StartClock.objects.bulk_create(clocks, ignore_conflicts=True)


def _kept(rule: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """(name, definition) of the segment that a rule has of its own."""
    if rule["kind"] == "condition":
        return _("Ends journeys: %(what)s") % {"what": condition(rule["when"])}, rule["when"]
    model, points = rule.get("model") or "engagement", int(rule["points"])
    name = _("Score of %(points)s and over (%(model)s)") % {"points": points, "model": model}
    return name, {"score": model, "op": "gte", "value": points}


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
            raise RuleError(_("Only a published journey can be paused or resumed."))
        journey.status, journey.updated_at = status, clock.now()
        journey.save()
        wake.notify([f"journey:{journey.pk}"])
    return journey


def delete_draft(journey_id: int, *, actor: str) -> bool:
    """Throw a journey away that was never published. Returns False where it was. Raises RuleError where a published one
    starts it: its step would let nobody in."""
    with transaction.atomic():
        audience.hold_definitions()  # nobody publishes one that starts it meanwhile
        others = Journey.objects.exclude(version=None).order_by("name").values_list("name", "version__graph")
        names = [name for name, graph in others if journey_id in started(graph)]
        if names:
            raise RuleError(_("%(names)s starts this journey. Take that step out first."), names=", ".join(names))
        return bool(Journey.objects.filter(pk=journey_id, version=None).delete()[0])
