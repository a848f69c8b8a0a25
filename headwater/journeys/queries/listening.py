"""Which facts journeys care about at all, so that the others cost nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..engine.graph import Version, versions
from ..facts import JourneyCalled
from ..models import Journey, JourneyVersion, Status
from ..rules import matching

#: What a step that starts or stops another journey says
CALLED = frozenset((JourneyCalled.kind,))
ENTERED = "segment.entered"


@dataclass(frozen=True)
class Plan:
    """entries: (journey, rule) of live journeys. inside: kinds that goals, exits and waits of published versions
    with people in them hear; None: any."""

    entries: list[tuple[int, dict[str, Any]]]
    entry_kinds: frozenset[str]
    inside: frozenset[str] | None

    def wants(self, kind: str) -> bool:
        return self.inside is None or kind in self.inside or kind in self.entry_kinds


_inside: dict[int, frozenset[str] | None] = {}


def listening() -> Plan:
    """The present plan: two queries over small tables, the rest from the cache."""
    journeys = list(Journey.objects.exclude(status=Status.DRAFT).only("status", "version_id"))
    found = versions(
        JourneyVersion.objects.filter(journey_id__in=[j.pk for j in journeys]).values_list("pk", flat=True)
    )
    entries = [
        (j.pk, dict(rule))
        for j in journeys
        if j.status == Status.LIVE and j.version_id in found
        for rule in found[j.version_id].entry
    ]
    kinds: set[str] | None = set()
    for version in found.values():
        heard = _heard_inside(version)
        if heard is None:
            kinds = None
            break
        assert kinds is not None
        kinds |= heard
    return Plan(
        entries,
        frozenset(k for _, rule in entries if (k := matching.fact_kind(rule))) | CALLED,
        None if kinds is None else frozenset(kinds),
    )


def _heard_inside(version: Version) -> frozenset[str] | None:
    rules = [*version.exits, *([version.goal] if version.goal else [])]
    kinds = {k for rule in rules if (k := matching.fact_kind(rule))}
    if version.watch_hears is None:
        return None
    kinds |= version.watch_hears
    if version.watch_segments:
        kinds.add(ENTERED)
    for heard in version.hears.values():
        if heard is None:
            return None
        kinds |= heard
    return frozenset(kinds)
