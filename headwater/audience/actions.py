"""Writing scores, rules, topics and segments."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from headwater.core import clock, wake
from headwater.people.models import Contact
from headwater.timeline.actions import NewFact, in_lane, record_many

from . import facts, rules
from .compiler import parse
from .engine import building, history, scoring
from .engine.book import book
from .models import Revision, ScoreEntry, ScoreModel, ScoreRule, Segment, StaleGeneration, Topic, TopicRule


@dataclass(frozen=True, slots=True)
class Points:
    """Points to give (or, below zero, to take). `id` makes it idempotent: the same id counts once."""

    person_id: int
    points: int
    reason: str
    actor: str
    model: str = "engagement"
    id: uuid.UUID | None = None


def add_points(items: Sequence[Points]) -> None:
    """Give points outside of the rules (by hand, by a journey, through the API), for any number of people in a
    constant number of statements. Each is a fact and a line of the ledger. Raises ValueError on an unknown model."""
    items = [i for i in items if i.points]
    if not items:
        return
    now = clock.now()
    with in_lane(*{i.person_id for i in items}):
        models = dict(ScoreModel.objects.values_list("key", "pk"))
        done = _given_already([(i.person_id, i.id) for i in items if i.id])
        entries, told = [], []
        for i in items:
            if i.model not in models:
                raise ValueError(f"there is no score model {i.model!r}")
            key = i.id or uuid.uuid4()
            if (i.person_id, key) in done:
                continue
            done.add((i.person_id, key))
            entries.append(
                scoring.Entry(
                    i.person_id, now, key, 0, models[i.model], i.points, "score.changed", i.reason[:200], i.actor
                )
            )
            changed = facts.ScoreChanged(model=i.model, points=i.points, reason=i.reason)
            told.append(NewFact(i.person_id, changed, now, key, i.actor))
        record_many(told)
        scoring.post(entries, book(), now)


def _given_already(keys: list[tuple[int, uuid.UUID]]) -> set[tuple[int, uuid.UUID]]:
    rows = ScoreEntry.objects.filter(person_id__in=[p for p, _ in keys], fact_id__in=[k for _, k in keys], rule_id=0)
    return set(rows.values_list("person_id", "fact_id")) if keys else set()


def ensure_defaults() -> None:
    """Give a fresh database its score model, rules and topics. An installation that has had them keeps its own."""
    with transaction.atomic():
        _row, fresh = Revision.objects.get_or_create(pk=1)
        if not fresh:
            return
        model = ScoreModel.objects.create(key="engagement", name="Engagement")
        for name, kind, where, points, cap in rules.DEFAULT_RULES:
            ScoreRule.objects.create(model=model, name=name, kind=kind, where=where, points=points, cap=cap)
        for key, name, hue, matches in rules.DEFAULT_TOPICS:
            topic = Topic.objects.create(key=key, name=name, hue=hue)
            TopicRule.objects.bulk_create([TopicRule(topic=topic, match=m, value=v) for m, v in matches])


def touch_revision() -> None:
    """Tell every process that rules, topics or segments changed (takes effect with the caller's commit)."""
    Revision.objects.update_or_create(pk=1, defaults={"token": uuid.uuid4()})


class InUse(Exception):
    """A segment that others take in; `names` says which."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        super().__init__(_("It is used by: %(names)s") % {"names": ", ".join(names)})


def _free_key(name: str) -> str:
    base = slugify(name)[:50] or "segment"
    taken = set(Segment.objects.filter(key__startswith=base).values_list("key", flat=True))
    return next(k for k in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if k not in taken)


def create_segment(
    *, name: str, definition: Any, actor: str, key: str = "", description: str = "", announce: bool = False
) -> Segment:
    """Save a new segment; it is built in the background. Raises ConditionError where the definition is wrong and
    ValueError where the key is taken."""
    with transaction.atomic():
        if key and Segment.objects.filter(key=key).exists():
            raise ValueError(_("There is a segment with the key “%(key)s” already") % {"key": key})
        made = Segment(
            key=key or _free_key(name), name=name, description=description, announce=announce, created_by=actor
        )
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
    goes on living. Raises ConditionError, Segment.DoesNotExist."""
    with transaction.atomic():
        s = Segment.objects.select_for_update().get(pk=segment_id)
        s.name = s.name if name is None else name
        s.description = s.description if description is None else description
        s.announce = s.announce if announce is None else announce
        s.updated_at = clock.now()
        if definition is not None and definition != (s.definition if s.pending is None else s.pending):
            parse(definition, trail=(s.key,))
            building.start(s, definition)
        s.save()
        touch_revision()
        wake.notify(["segments"])
    return s


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
    in, Segment.DoesNotExist."""
    with transaction.atomic():
        s = Segment.objects.select_for_update().get(pk=segment_id)
        users = {one.name for one in book().segments if f"segment:{s.key}" in one.needs and one.id != s.pk}
        if users:
            raise InUse(sorted(users))
        stale = {g for g in (s.generation, s.pending_generation, s.announcing) if g > 0}
        StaleGeneration.objects.bulk_create([StaleGeneration(segment_id=s.pk, generation=g) for g in sorted(stale)])
        s.delete()
        touch_revision()
        wake.notify(["segments"])


def recompute(*, actor: str, person_ids: Sequence[int] | None = None, batch: int = 500) -> int:
    """Compute points by rule and interests anew from the whole history (everybody's, or these people's), a batch to
    a transaction, then build all segments anew. Bands that change are not told. Returns how many people."""
    ids = list(Contact.objects.order_by("pk").values_list("pk", flat=True) if person_ids is None else person_ids)
    now = clock.now()
    for start in range(0, len(ids), batch):
        history.replay(ids[start : start + batch], book(), now)
    for pk in Segment.objects.values_list("pk", flat=True):
        rebuild_segment(pk, actor=actor)
    return len(ids)
