"""Which journeys send a mail template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F

from headwater.messaging.registry import Use

from ..engine.base import messages_of
from ..models import OPEN, Journey, JourneyVersion, Passage, Status


def of_templates(ids: Sequence[int]) -> dict[int, list[Use]]:
    """The journeys that send each template: running ones where the published version does, or an earlier one that
    somebody is still on; else those whose draft does. A constant number of statements."""
    rows = list(Journey.objects.order_by("name").values_list("pk", "name", "status", "draft", "version__graph"))
    earlier = _earlier([pk for pk, _name, status, *_graphs in rows if status != Status.DRAFT], set(ids))
    out: dict[int, list[Use]] = {pk: [] for pk in ids}
    for pk, name, status, draft, graph in rows:
        runs = (_sent(graph) if status != Status.DRAFT else set()) | earlier.get(pk, set())
        for template in (runs | _sent(draft)).intersection(ids):
            out[template].append(Use(name, f"/journeys/{pk}/", "workflow", running=template in runs))
    return out


def _sent(graph: Mapping[str, Any] | None) -> set[int]:
    """Ids of the templates that a graph sends."""
    steps = ((graph or {}).get("steps") or {}).values()
    return {template for step in steps for _setting, _channel, template in messages_of(step)}


def _earlier(journeys: Sequence[int], ids: set[int]) -> dict[int, set[int]]:
    """journey -> those of the templates that earlier versions send on which somebody still is."""
    rows = JourneyVersion.objects.filter(journey_id__in=journeys).exclude(journey__version_id=F("pk"))
    sending = {pk: (journey, sent) for pk, journey, graph in rows.values_list("pk", "journey_id", "graph")
               if (sent := _sent(graph) & ids)}  # fmt: skip
    if not sending:
        return {}
    held = Passage.objects.filter(
        journey_id__in={journey for journey, _sent in sending.values()}, state__in=OPEN, version_id__in=list(sending)
    )
    out: dict[int, set[int]] = {}
    for pk in held.values_list("version_id", flat=True).distinct():
        journey, sent = sending[pk]
        out.setdefault(journey, set()).update(sent)
    return out
