"""Erasing people everywhere, as the law gives them the right to. What stays: numbers, and hashes of their addresses so
that nobody writes to them again after the next import."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from headwater.core import clock, wake
from headwater.timeline.actions import in_lane, note_down

from .. import registry, rules
from ..models import Contact
from .holdings import former_ids

P = ParamSpec("P")
T = TypeVar("T")
_TRIES = 5


def patient(action: Callable[P, T]) -> Callable[P, T]:
    """Start over where two actions waited for each other; within a larger transaction its owner does."""

    @wraps(action)
    def again(*args: P.args, **kwargs: P.kwargs) -> T:
        for left in reversed(range(_TRIES)):
            try:
                return action(*args, **kwargs)
            except OperationalError as error:
                deadlock = getattr(error.__cause__, "sqlstate", "") == "40P01"
                if connection.in_atomic_block or not deadlock or not left:
                    raise
        raise AssertionError("unreachable")

    return again


@contextmanager
def held(person_ids: Sequence[int]) -> Iterator[tuple[list[str], list[int]]]:
    """A transaction that holds all of people: claims, browsers, then the lanes (those of ids merged into them, too).
    Yields addresses and browsers."""
    with transaction.atomic():
        found = hold_identities(person_ids)
        with in_lane(*person_ids, *former_ids(person_ids)):
            yield found


@patient
def erase_people(person_ids: Sequence[int], *, reason: str, actor: str) -> list[int]:
    """Erase contacts: every package erases its own rows, in one transaction that holds their addresses, their browsers
    and their lanes. Who erased whom when and why stands in the journal. Returns the ids of those who were there.

    Raises rules.Invalid on "reason": one is needed.
    """
    why = clean_reason(reason)
    with held(person_ids) as (emails, visitors):
        found = list(Contact.objects.filter(pk__in=list(person_ids)).values_list("pk", "name", "email"))
        ids = sorted(pk for pk, _name, _email in found)
        if not ids:
            return []
        gone = registry.Gone(
            ids,
            sorted({*emails, *(email for _pk, _name, email in found if email)}),
            visitors,
            sorted({name for _pk, name, _email in found if name}),
            actor,
        )
        for holder in sorted(registry.holders, key=lambda h: -h.order):
            holder.erase(gone)
        for pk in ids:
            note_down("person.erased", f"person {pk}", actor=actor, note=why, detail={})
        wake.publish(*(f"person:{pk}" for pk in ids[:20]))
    return ids


def clean_reason(text: str) -> str:
    """Why somebody is erased, in a line. Raises rules.Invalid on "reason"."""
    why = " ".join(text.split())
    if not why:
        raise rules.Invalid({"reason": _("Say why.")})
    if len(why) > 300:
        raise rules.Invalid({"reason": _("This text is too long.")})
    return why


def hold_identities(person_ids: Sequence[int]) -> tuple[list[str], list[int]]:
    """Lock the claims and the browsers of people, in the order in which everybody does. Returns addresses, browsers."""
    people = list(person_ids)
    with connection.cursor() as cursor:
        found: list[list[Any]] = []
        for table, column in (
            ("people_emailclaim", "email"),
            ("people_externalclaim", "external_id"),
            ("people_visitor", "visitor_id"),
        ):
            cursor.execute(
                f"SELECT {column} FROM {table} WHERE person_id = ANY(%s) ORDER BY {column} FOR UPDATE", [people]
            )
            found.append([value for (value,) in cursor.fetchall()])
    return found[0], found[2]


def export_person(person_id: int) -> dict[str, Any]:
    """Everything that is kept of a person, by table, as she may ask for it. Raises Contact.DoesNotExist."""
    contact = Contact.objects.only("pk", "name", "email").get(pk=person_id)
    out: dict[str, Any] = {"person": person_id, "name": str(contact), "exported_at": clock.now().isoformat()}
    for holder in sorted(registry.holders, key=lambda h: h.order):
        out |= holder.export(person_id)
    return out
