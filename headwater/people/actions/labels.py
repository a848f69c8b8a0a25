"""Tags, lifecycle stage and owner of many contacts at once. What is so already records nothing."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from headwater.accounts.models import User
from headwater.core import clock
from headwater.core.facts import Fact
from headwater.timeline.actions import NewFact, in_lane, record_many

from .. import rules
from ..facts import OwnerChanged, StageChanged, TagAdded, TagRemoved
from ..models import Contact, Tag

HUES = (235, 60, 150, 300, 190, 25, 345, 90)


def add_tags(person_ids: Sequence[int], tags: Sequence[str], *, actor: str) -> int:
    """Tag people. Returns how many tags were added in all. Raises rules.Invalid on a tag that is too long."""
    names = rules.clean_tags(tags)
    if len(names) == 1 and person_ids:  # the statement that gives it makes it known
        return _retag(person_ids, names, [], actor)
    with transaction.atomic():
        ensure_tags(names)
        return _retag(person_ids, names, [], actor)


def remove_tags(person_ids: Sequence[int], tags: Sequence[str], *, actor: str) -> int:
    """Take tags away. Returns how many were removed in all."""
    return _retag(person_ids, [], rules.clean_tags(tags), actor)


def ensure_tags(names: Sequence[str]) -> None:
    """The names become known tags, each with a colour of its own that stays."""
    if names:
        rows = [Tag(name=name, hue=_hue(name)) for name in sorted(names)]
        Tag.objects.bulk_create(rows, ignore_conflicts=True)


def _hue(name: str) -> int:
    return HUES[zlib.crc32(name.encode()) % len(HUES)]


def put_tags(wanted: Mapping[int, Sequence[str]], *, actor: str) -> int:
    """Give each person exactly these tags, in this order: person -> tags. Returns how many came and went in all."""
    with transaction.atomic():
        ensure_tags(sorted({tag for tags in wanted.values() for tag in tags}))
        return _put(lambda pk, present: list(wanted[pk]), list(wanted), actor)


def _retag(person_ids: Sequence[int], add: Sequence[str], remove: Sequence[str], actor: str) -> int:
    if not (add or remove) or not person_ids:
        return 0
    if len(add) + len(remove) == 1:
        sql, tag, kind = (ADD, add[0], TagAdded) if add else (REMOVE, remove[0], TagRemoved)
        return _one(sql, person_ids, kind(tag=tag), actor)

    def change(_: int, present: list[str]) -> list[str]:
        kept = [t for t in present if t not in remove]
        return kept + [t for t in add if t not in present]

    return _put(change, person_ids, actor)


ADD = (
    "WITH known AS (INSERT INTO people_tag (name, hue) VALUES (%(tag)s, %(hue)s) ON CONFLICT DO NOTHING) "
    "UPDATE people_contact SET tags = tags || ARRAY[%(tag)s]::varchar[], updated_at = %(now)s "
    "WHERE id = ANY(%(ids)s::bigint[]) AND NOT tags @> ARRAY[%(tag)s]::varchar[] RETURNING id"
)
REMOVE = (
    "UPDATE people_contact SET tags = array_remove(tags, %(tag)s::varchar), updated_at = %(now)s "
    "WHERE id = ANY(%(ids)s::bigint[]) AND tags @> ARRAY[%(tag)s]::varchar[] RETURNING id"
)


def _one(sql: str, person_ids: Sequence[int], said: TagAdded | TagRemoved, actor: str) -> int:
    """One tag comes or goes: what journeys do, for thousands at a time."""
    with in_lane(*person_ids), connection.cursor() as cursor:
        cursor.execute(sql, {"tag": said.tag, "hue": _hue(said.tag), "now": clock.now(), "ids": list(person_ids)})
        changed = [pk for (pk,) in cursor.fetchall()]
        record_many([NewFact(pk, said, actor=actor) for pk in changed])
    return len(changed)


def _put(change: Callable[[int, list[str]], list[str]], person_ids: Sequence[int], actor: str) -> int:
    if not person_ids:
        return 0
    with in_lane(*person_ids):
        now_of: dict[int, list[str]] = {}
        facts: list[NewFact] = []
        for pk, present in Contact.objects.filter(pk__in=person_ids).values_list("pk", "tags"):
            tags = change(pk, present)
            if tags != present:
                now_of[pk] = tags
                said: list[Fact] = [TagAdded(tag=t) for t in tags if t not in present]
                said += [TagRemoved(tag=t) for t in present if t not in tags]
                facts += [NewFact(pk, fact, actor=actor) for fact in said]
        if now_of:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE people_contact c SET tags = ARRAY(SELECT jsonb_array_elements_text(x.t)), updated_at = %s "
                    "FROM unnest(%s::bigint[], %s::jsonb[]) AS x(p, t) WHERE c.id = x.p",
                    [clock.now(), list(now_of), [json.dumps(t) for t in now_of.values()]],
                )
            record_many(facts)
    return len(facts)


def set_stage(person_ids: Sequence[int], stage: str, *, reason: str, actor: str) -> list[int]:
    """Move people to a lifecycle stage. Returns those who were not in it. Raises rules.Invalid on "stage"."""
    if stage not in rules.STAGES:
        raise rules.Invalid({"stage": _("There is no such lifecycle stage.")})
    if not person_ids:
        return []
    with in_lane(*person_ids):
        now = clock.now()
        before = dict(Contact.objects.filter(pk__in=person_ids).exclude(stage=stage).values_list("pk", "stage"))
        if before:
            Contact.objects.filter(pk__in=list(before)).update(stage=stage, stage_at=now, updated_at=now)
            record_many(
                [
                    NewFact(pk, StageChanged(before=old, after=stage, reason=reason), now, actor=actor)
                    for pk, old in before.items()
                ]
            )
    return list(before)


def put_stages(wanted: Mapping[int, tuple[str, datetime]], *, reason: str, actor: str) -> None:
    """Put people back into the stages they were in: person -> (stage, since when)."""
    with in_lane(*wanted):
        for stage in sorted({stage for stage, _ in wanted.values()}):
            set_stage([p for p, (s, _) in wanted.items() if s == stage], stage, reason=reason, actor=actor)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE people_contact c SET stage_at = x.a FROM unnest(%s::bigint[], %s::timestamptz[]) AS x(p, a) "
                "WHERE c.id = x.p",
                [list(wanted), [at for _, at in wanted.values()]],
            )


def set_owner(person_ids: Sequence[int], owner_id: int | None, *, reason: str, actor: str) -> list[int]:
    """Give people an owner (None: nobody). Returns those whose owner changed. Raises rules.Invalid on "owner_id"."""
    if not person_ids:
        return []
    name = check_owner(owner_id) if owner_id is not None else ""
    with in_lane(*person_ids):
        now = clock.now()
        present = Contact.objects.filter(pk__in=person_ids).values_list("pk", "owner_id")
        before = {pk: owner for pk, owner in present if owner != owner_id}
        if before:
            Contact.objects.filter(pk__in=list(before)).update(owner_id=owner_id, updated_at=now)
            record_many(
                [
                    NewFact(
                        pk,
                        OwnerChanged(after=owner_id, after_name=name, before=old, reason=reason),
                        now,
                        actor=actor,
                    )
                    for pk, old in before.items()
                ]
            )
    return list(before)


def check_owner(owner_id: int) -> str:
    """The name of an active user. Raises rules.Invalid on "owner_id"."""
    user = User.objects.filter(pk=owner_id, is_active=True).first()
    if user is None:
        raise rules.Invalid({"owner_id": _("There is no such user.")})
    return user.name
