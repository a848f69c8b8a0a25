"""Months of facts that are retired (HEADWATER_KEEP_FACTS_MONTHS) are told by no fact: who counts them is built anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from headwater.audience.compiler import Leaf, Node, leaves_of
from headwater.audience.compiler.leaves.event import EventLeaf
from headwater.audience.models import Segment
from headwater.audience.rules import span
from headwater.core import clock, wake
from headwater.timeline.models import Operation
from headwater.timeline.partitions import edge_of_facts

from . import building
from .book import book, touch


def run_once() -> int:
    """Have segments built anew that were built before the last month was retired and look back so far. Returns how
    many."""
    now = clock.now()
    edge = edge_of_facts(now)
    last = Operation.objects.filter(what="month.retired").order_by("-at").values_list("at", flat=True).first()
    if edge is None or last is None:
        return 0
    asking = {s.id for s in book().segments if s.id > 0 and not s.building and _looks_back(s.node, edge, now)}
    with transaction.atomic():
        rows = Segment.objects.filter(pk__in=asking, pending__isnull=True, built_at__lt=last).order_by("pk")
        found = list(rows.select_for_update())
        for s in found:
            building.start(s, s.definition)
            s.save()
        if found:
            touch()
            wake.notify(["segments"])
    return len(found)


def _looks_back(node: Node, edge: datetime, now: datetime) -> bool:
    return any(
        isinstance(leaf, EventLeaf) and (not leaf.within or now - span(leaf.within) < edge) for leaf in _all(node)
    )


def _all(node: Node) -> Iterator[Leaf]:
    """The leaves, with those of the segments that it takes in."""
    for leaf in leaves_of(node):
        inner = leaf.expand()
        if inner is None:
            yield leaf
        else:
            yield from _all(inner)
