"""Fields and owners of many contacts at once: a constant number of statements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from headwater.accounts.models import User
from headwater.core import clock
from headwater.timeline.actions import NewFact, in_lane, record_many

from .. import rules
from ..facts import ContactUpdated, OwnerChanged
from ..models import Contact
from . import records

#: What has an action of its own: addresses are claimed, stages and tags have facts of their own
_ELSEWHERE = {"email", "stage", "owner_id", "tags", "company", "company_id"}


def set_fields(values: Mapping[int, Mapping[str, Any]], *, actor: str) -> dict[int, str]:
    """Change fields of contacts: person -> {field: value}; "custom": {name: value}.

    What cannot be (a birthday that is no date) leaves that person as she is. Returns person -> why for those.
    Raises rules.Invalid on a field that is changed by another action.
    """
    if odd := {field for fields in values.values() for field in fields} & _ELSEWHERE:
        raise rules.Invalid(dict.fromkeys(sorted(odd), _("This field is changed in another way.")))
    refused: dict[int, str] = {}
    if not values:
        return refused
    names = {name for fields in values.values() for name in _custom_names(fields)}
    if len(names) == 1 and None not in names:
        _set_custom(str(names.pop()), values, actor)
        return refused
    with in_lane(*values):
        changed, facts = [], []
        for contact in Contact.objects.filter(pk__in=list(values)).order_by("pk"):
            try:
                clean = rules.clean_fields(values[contact.pk], country=contact.country)
            except rules.Invalid as problem:
                refused[contact.pk] = "; ".join(problem.errors.values())
                continue
            changes = records.apply(contact, clean, overwrite=True)
            if changes:
                changed.append(contact)
                facts.append(NewFact(contact.pk, ContactUpdated(changes=changes), actor=actor))
        records.save(changed)
        record_many(facts)
    return refused


def _custom_names(fields: Mapping[str, Any]) -> list[str | None]:
    """The names of own fields that are to be set; None stands for everything else."""
    custom = fields.get("custom")
    return [*custom] if len(fields) == 1 and isinstance(custom, Mapping) and custom else [None]


#: A field that is not there is as good as null
SET_CUSTOM = (
    "UPDATE people_contact c SET custom = jsonb_set(c.custom, ARRAY[%(name)s], n.after), updated_at = %(now)s "
    "FROM (SELECT p.id, coalesce(p.custom -> %(name)s, 'null') AS before, v.after "
    "FROM unnest(%(ids)s::bigint[], %(values)s::jsonb[]) AS v(id, after) JOIN people_contact p ON p.id = v.id "
    "WHERE p.id = ANY(%(ids)s::bigint[])) n "
    "WHERE c.id = n.id AND n.before <> n.after RETURNING c.id, n.before::text"
)


def _set_custom(name: str, values: Mapping[int, Mapping[str, Any]], actor: str) -> None:
    """One own field of many people: what journeys do, for thousands at a time."""
    after = {person: rules.clean_fields(fields)["custom"] for person, fields in values.items()}
    ((key,),) = {tuple(custom) for custom in after.values()}
    with in_lane(*values), connection.cursor() as cursor:
        cursor.execute(
            SET_CUSTOM,
            {
                "name": key,
                "now": clock.now(),
                "ids": list(values),
                "values": [json.dumps(after[person][key], default=str) for person in values],
            },
        )
        record_many(
            [
                NewFact(
                    pk, ContactUpdated(changes={f"custom.{key}": [json.loads(before), after[pk][key]]}), actor=actor
                )
                for pk, before in cursor.fetchall()
            ]
        )


def set_owners(owners: Mapping[int, int | None], *, reason: str, actor: str) -> list[int]:
    """Give each of these people an owner: person -> user (None: nobody). Returns those whose owner changed. A user who
    is not there, or not active, changes nothing."""
    if not owners:
        return []
    wanted = {owner for owner in owners.values() if owner is not None}
    names = {u.pk: u.name for u in User.objects.filter(pk__in=wanted, is_active=True)}
    with in_lane(*owners):
        now = clock.now()
        changed = []
        facts = []
        for contact in Contact.objects.filter(pk__in=list(owners)).only("pk", "owner_id").order_by("pk"):
            after, before = owners[contact.pk], contact.owner_id
            if after == before or (after is not None and after not in names):
                continue
            contact.owner_id, contact.updated_at = after, now
            changed.append(contact)
            fact = OwnerChanged(after=after, after_name=names.get(after or 0, ""), before=before, reason=reason)
            facts.append(NewFact(contact.pk, fact, now, actor=actor))
        Contact.objects.bulk_update(changed, ["owner", "updated_at"], batch_size=2000)
        record_many(facts)
    return [contact.pk for contact in changed]
