"""What several steps need to know about their people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from headwater.accounts.models import Workspace
from headwater.content import queries as content
from headwater.content.rules import MissingField, TemplateProblem, prune, render
from headwater.people.models import Contact

from ..engine.base import Context, Traveller
from ..engine.causes import values
from ..rules.schedule import next_run, zone_of

if TYPE_CHECKING:
    from ..engine.foresight.walking import Sight

#: How a merge tag names what let the person in
EVENT = "event."


def written(template: str, people: Sequence[Traveller], context: Context) -> list[str]:
    """For each of them the text with her merge tags filled ("Call {{ contact.name }}"; "event" is what let her in, on
    this way of hers). A text that cannot be filled stays without the tag's value rather than keep her from going on."""
    if "{" not in template:
        return [template] * len(people)
    contexts = content.contexts([t.person_id for t in people])
    if EVENT not in template:
        texts = {person: filled(template, values_) for person, values_ in contexts.items()}
        return [texts[t.person_id] if t.person_id in texts else filled(template, {}) for t in people]
    events = values(people, context.version, template)
    return [
        filled(template, {**contexts.get(t.person_id, {}), "event": prune(events.get((t.person_id, t.id), {}))})
        for t in people
    ]


def filled(template: str, context: Mapping[str, Any]) -> str:
    """One text with the values of one person."""
    try:
        return render(template, context).strip()
    except (MissingField, TemplateProblem):
        return template.split("{")[0].strip() or template


def default_zone() -> str:
    """The workspace's time zone."""
    return Workspace.objects.filter(pk=1).values_list("time_zone", flat=True).first() or "UTC"


def zones_of(people: Sequence[Traveller]) -> dict[int, str]:
    """person_id -> the name of her time zone; the workspace's where hers is not known."""
    default = default_zone()
    ids = [t.person_id for t in people]
    known = dict(Contact.objects.filter(pk__in=ids).exclude(time_zone="").values_list("pk", "time_zone"))
    return {pk: known[pk] if pk in known and zone_of(known[pk], "").key == known[pk] else default for pk in ids}


def outside_hours(context: Context, people: Sequence[Traveller]) -> dict[int, datetime]:
    """person_id -> when messages may go to her, for those for whom it is not the journey's hours now."""
    hours = context.version.graph.get("hours")
    if not hours:
        return {}
    zones = zones_of(people)
    window = (hours["from"], hours["to"]) if hours.get("from") else None
    opens = {z: next_run(context.now, zone_of(z), window=window, days=hours.get("days")) for z in set(zones.values())}
    return {person: opens[zone] for person, zone in zones.items() if opens[zone] > context.now}


def opening(sight: Sight) -> datetime | None:
    """When messages may go to a person who is foreseen, where it is not the journey's hours for her; None: now."""
    hours = sight.plan.version.graph.get("hours")
    if not hours:
        return None
    window = (hours["from"], hours["to"]) if hours.get("from") else None
    opens = next_run(sight.now, zone_of(sight.person.zone), window=window, days=hours.get("days"))
    return opens if opens > sight.now else None
