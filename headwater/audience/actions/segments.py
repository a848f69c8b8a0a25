"""Segments are created, changed, deleted here; `engine.building` builds them in the background."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from headwater.core import clock, wake

from .. import queries
from ..compiler import Node, needs_of, parse
from ..engine import building
from ..engine.book import book
from ..models import Picked, Segment, SegmentDay, StaleGeneration
from .revision import hold_definitions, touch_revision


class InUse(Exception):
    """A segment that others take in; `names` says which."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        super().__init__(_("It is used by: %(names)s") % {"names": ", ".join(names)})


class Kept(InUse):
    """A segment that a journey keeps for itself; `names` says which."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(names)
        said = _("This segment is kept by %(names)s and is what that asks for. Change it there.")
        self.args = (said % {"names": ", ".join(f"“{name}”" for name in names) or _("a journey")},)


def refuse_kept(s: Segment) -> None:
    """Raises Kept where a package keeps the segment for itself: nobody changes it by hand."""
    if s.keeper:
        raise Kept(sorted({use.name for use in queries.kept_by([s])[s.pk]}))


def free_key(name: str) -> str:
    """The key that a new segment of this name would have now (its random samples are drawn by it)."""
    base = slugify(name)[:50] or "segment"
    taken = set(Segment.objects.filter(key__startswith=base).values_list("key", flat=True))
    return next(k for k in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if k not in taken)


def create_segment(
    *,
    name: str,
    definition: Any = None,
    actor: str,
    key: str = "",
    description: str = "",
    announce: bool = False,
    keeper: str = "",
) -> Segment:
    """Save a new segment; it is built in the background. Without a definition it is a list: who is in is picked by
    hand (`pick_members`). keeper: the package that keeps it for itself. Raises ConditionError where the definition is
    wrong and ValueError where the key is taken."""
    definition = {"any": []} if definition is None else definition
    with transaction.atomic():
        hold_definitions()
        if key and Segment.objects.filter(key=key).exists():
            raise ValueError(_("There is a segment with the key “%(key)s” already") % {"key": key})
        made = Segment(
            key=key or free_key(name), name=name, description=description, announce=announce, created_by=actor,
            keeper=keeper,
        )  # fmt: skip
        parse(definition, trail=(made.key,))
        building.start(made, definition)
        made.definition = definition
        made.save()
        touch_revision()
        wake.notify(["segments"])
    return made


def update_segment(
    segment_id: int,
    *,
    actor: str,
    name: str | None = None,
    definition: Any = None,
    description: str | None = None,
    announce: bool | None = None,
) -> Segment:
    """Change a segment (None leaves as it is). Another definition is built in the background while the present one
    goes on living. Raises ConditionError, Kept, Segment.DoesNotExist."""
    with transaction.atomic():
        hold_definitions()
        s = Segment.objects.select_for_update().get(pk=segment_id)
        refuse_kept(s)
        s.name = s.name if name is None else name
        s.description = s.description if description is None else description
        s.announce = s.announce if announce is None else announce
        s.updated_at = clock.now()
        if definition is not None and definition != (s.definition if s.pending is None else s.pending):
            _refuse_circle(s, parse(definition, trail=(s.key,)))
            building.start(s, definition)
        s.save()
        touch_revision()
        wake.notify(["segments"])
    return s


def _refuse_circle(s: Segment, node: Node) -> None:
    """Raises ValueError where a rule gives points for being in the segment, which would come to ask for a score."""
    if any(need.startswith(("score:", "company_score:")) for need in needs_of(node)):
        names = {one.name for one in book().segments if one.id < 0 and f"segment:{s.key}" in one.needs}
        if names:
            said = _("Points are given for being in this segment (%(names)s), so it must not ask for a score")
            raise ValueError(said % {"names": ", ".join(sorted(names))})


def rebuild_segment(segment_id: int, *, actor: str) -> Segment:
    """Build a segment anew from its definition (after facts of the past were copied in)."""
    with transaction.atomic():
        s = Segment.objects.select_for_update().get(pk=segment_id)
        building.start(s, s.definition if s.pending is None else s.pending)
        s.save()
        touch_revision()
        wake.notify(["segments"])
    return s


def delete_segment(segment_id: int, *, actor: str) -> None:
    """Delete a segment; its members are swept away in the background. Raises InUse where other segments take it
    in or journeys start on it, Kept where a journey keeps it, Segment.DoesNotExist."""
    with transaction.atomic():
        hold_definitions()
        s = Segment.objects.select_for_update().get(pk=segment_id)
        users = {one.name for one in queries.used_by([s])[s.pk]}
        if users and s.keeper:
            refuse_kept(s)
        if users:
            raise InUse(sorted(users))
        stale = {g for g in (s.generation, s.pending_generation, s.announcing) if g > 0}
        StaleGeneration.objects.bulk_create([StaleGeneration(segment_id=s.pk, generation=g) for g in sorted(stale)])
        Picked.objects.filter(segment_id=s.pk).delete()
        SegmentDay.objects.filter(segment_id=s.pk).delete()
        s.delete()
        touch_revision()
        wake.notify(["segments"])
