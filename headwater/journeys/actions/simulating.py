"""Holding drafts against the past, in the background: begun, cancelled, and worked on some people at a time."""

from __future__ import annotations

import hashlib
import json
import logging
from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from headwater.core import clock, wake
from headwater.messaging.queries.prospects import Response, responses

from ..engine import foresight
from ..engine.checking import problems
from ..engine.foresight.person import Person
from ..engine.foresight.plan import templates_of
from ..engine.graph import ready
from ..engine.rulebook import with_segments
from ..models import Journey, Simulation
from ..rules.duration import RuleError
from .editing import NotPublishable
from .starts import default_zone

log = logging.getLogger("headwater.journeys")

#: People who are walked through before the counts are kept
CHUNK = 2000
#: A worker that dies hands its simulation over after this long
LEASE = timedelta(minutes=2)
MOST_DAYS = 365
OPENS = ("rates", "nobody", "everybody")
#: Results kept of a journey
KEPT = 20
Phase = Simulation.Phase
#: Who might have entered, by simulation: worked out again where another worker goes on
_people: dict[int, list[int]] = {}
_plans: dict[int, foresight.Plan] = {}


class Running(Exception):
    """A simulation of this journey runs already."""


def graph_hash(graph: Mapping[str, Any]) -> str:
    """What names a graph: an edited one is another one."""
    return hashlib.md5(json.dumps(graph, sort_keys=True).encode(), usedforsecurity=False).hexdigest()


def start(journey_id: int, *, actor: str, days: int = 90, opens: str = "rates") -> Simulation:
    """Hold the draft against the last days. Raises Journey.DoesNotExist, RuleError, NotPublishable (the draft has
    problems), Running."""
    if not 1 <= days <= MOST_DAYS:
        raise RuleError(_("Between 1 and %(n)s days.") % {"n": MOST_DAYS}, "days")
    if opens not in OPENS:
        raise RuleError(_("One of: %(choices)s.") % {"choices": ", ".join(OPENS)}, "opens")
    journey = Journey.objects.get(pk=journey_id)
    if found := problems(journey.draft):
        raise NotPublishable(found)
    version = ready(0, journey.pk, journey.name, 0, with_segments(journey.draft))
    rates = {str(pk): _listed(r) for pk, r in responses(sorted(templates_of(version)), days).items()}
    try:
        with transaction.atomic():
            made = Simulation.objects.create(
                journey=journey,
                graph=journey.draft,
                graph_hash=graph_hash(journey.draft),
                revision=journey.revision,
                days=days,
                opens=opens,
                actor=actor,
                started_at=clock.now(),
                rates=rates,
            )
    except IntegrityError as error:
        raise Running(_("It runs already.")) from error
    old = Simulation.objects.filter(journey=journey).order_by("-started_at", "-pk").values_list("pk", flat=True)[KEPT:]
    Simulation.objects.filter(pk__in=list(old)).exclude(phase=Phase.RUNNING).delete()
    wake.notify([f"journey:{journey.pk}"])
    return made


def _listed(r: Response) -> list[int]:
    return [r.sent, r.opened, r.clicked, r.opened_after, r.clicked_after]


def cancel(simulation_id: int, *, actor: str) -> bool:
    """Stop it; what was counted is dropped. Returns False where it does not run any more."""
    rows = Simulation.objects.filter(pk=simulation_id, phase=Phase.RUNNING)
    journey_id = rows.values_list("journey_id", flat=True).first()
    done = rows.update(phase=Phase.CANCELLED, done_at=clock.now(), counts={})
    if done:
        wake.notify([f"journey:{journey_id}"])
    return bool(done)


def run_once() -> int:
    """Walk some people of a running simulation. Returns 1 where there was something to do.

    Counts and the last person's id are kept in one statement that asks where it began: whoever is killed, or too late,
    changes nothing.
    """
    now = clock.now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    running = Simulation.objects.filter(phase=Phase.RUNNING)
    found = running.filter(free).order_by("started_at", "pk").first()
    mine = running.filter(pk=found.pk) if found else running.none()
    if found is None or not mine.filter(free, after=found.after).update(claimed_until=now + LEASE):
        return 0
    try:
        values = _walk(found)
    except Exception as error:  # a draft that no step can be tried with must not run for ever
        log.exception("simulation_failed", extra={"journey": found.journey_id, "simulation": found.pk})
        values = {"phase": Phase.FAILED, "done_at": clock.now(), "error": f"{type(error).__name__}: {error}"[:300]}
    mine.filter(after=found.after, seen=found.seen).update(claimed_until=None, **values)
    if values.get("done_at"):
        _people.pop(found.pk, None)
        _plans.pop(found.pk, None)
    wake.notify([f"journey:{found.journey_id}"])
    return 1


def _walk(found: Simulation) -> dict[str, Any]:
    """Walk the next people. Returns what is to be kept. Reads only."""
    plan = _plan(found)
    if found.pk not in _people:
        _people[found.pk] = foresight.people_of(plan)
    everybody = _people[found.pk]
    begin = bisect_right(everybody, found.after)
    ids = everybody[begin : begin + CHUNK]
    tally = foresight.Tally(found.counts)
    if ids:
        people = foresight.load(plan, ids)
        for person in people.people.values():
            _try(people, person, tally)
    seen = begin + len(ids)
    values: dict[str, Any] = {"counts": tally.kept(), "people": len(everybody), "seen": seen}
    if ids:
        values["after"] = ids[-1]
    if seen >= len(everybody):
        values |= {"phase": Phase.DONE, "done_at": clock.now()}
    return values


def _try(people: foresight.People, person: Person, tally: foresight.Tally) -> None:
    """Walk one person. On whom a step fails is counted as such; the others go on."""
    try:
        foresight.live_through(people, person, tally)
    except Exception:
        log.warning("simulation_person_failed", exc_info=True, extra={"person": person.id})
        tally.ended(person.id, "failed", None)


def _plan(found: Simulation) -> foresight.Plan:
    if found.pk not in _plans:
        version = ready(0, found.journey_id, found.journey.name, 0, with_segments(found.graph))
        rates = {int(pk): Response(*values) for pk, values in found.rates.items()}
        opens: foresight.Opens = "nobody" if found.opens == "nobody" else (
            "everybody" if found.opens == "everybody" else "rates"
        )  # fmt: skip
        since: datetime = found.started_at - timedelta(days=found.days)
        _plans[found.pk] = foresight.plan_of(
            version, since, found.started_at, opens=opens, responses=rates, default_zone=default_zone()
        )
    return _plans[found.pk]
