"""Who is this? Contacts found or made from addresses and ids; visitors attached; their past brought along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from headwater.core import clock
from headwater.core.actors import SYSTEM
from headwater.timeline import queries as timeline
from headwater.timeline.actions import NewFact, adopt, in_lane, record_many

from .. import queries, rules
from ..facts import ContactCreated, ContactIdentified, ContactUpdated
from ..models import Contact
from . import claims, companies, labels, records, visitors

_TICK = timedelta(microseconds=1)
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known of somebody: an e-mail address, an id in another system, or the contact herself."""

    email: str = ""
    external_id: str = ""  # "shop:4711"
    person_id: int | None = None  # known already, by a link in a mail or a signed-in session
    fields: Mapping[str, Any] = field(default_factory=dict)  # as rules.clean_fields takes them; `company` is a name
    visitor_id: int | None = None
    how: str = "API"  # "form", "mail link", "API", "sign-in"
    source: str = ""  # "form:3", shown with "became a contact"
    actor: str = SYSTEM
    at: datetime | None = None
    overwrite: bool = False  # True: the fields replace what the contact has
    new: bool = False  # person_id was reserved for a contact that this call makes (create_contact)


@dataclass(slots=True)
class _Item:
    index: int
    given: Identity
    email: str
    fields: dict[str, Any]
    company: companies.Wanted
    at: datetime


class _Gone(Exception):
    """Somebody who was found has no contact row any more."""


def identify(items: Sequence[Identity], *, strict: bool = True) -> dict[int, int]:
    """Find or make the contact of each item: index -> person_id.

    - The strongest of person_id, external_id, email decides; the others are added to that contact where nobody
      owns them. Two processes that make the same person at once end with one contact and both their fields.
    - Empty fields are filled, others kept unless `overwrite`. A company is found or made by name or by the address.
    - A visitor is attached and its anonymous past enters the timeline. Where it belonged to somebody else (a shared
      browser) it counts for the new person from now on; the past stays with the first.
    Repeating a call changes and records nothing. Raises rules.Invalid on bad input ("email", "phone", ...); with
    `strict=False` bad fields are dropped and items without any identity are left out of the answer.
    """
    ready = [item for i, given in enumerate(items) if (item := _prepare(i, given, strict)) is not None]
    ready = _existing(ready, strict)
    if not ready:
        return {}
    for attempt in range(_TRIES):
        try:
            with transaction.atomic():
                return _identify(ready)
        except _Gone:  # merged or erased after we had read who she is: ask again
            ready = _existing(ready, strict)
            if attempt == _TRIES - 1:
                raise
        except OperationalError as error:
            deadlock = getattr(error.__cause__, "sqlstate", "") == "40P01"
            if connection.in_atomic_block or not deadlock or attempt == _TRIES - 1:
                raise  # within a larger transaction the caller starts over
    raise AssertionError("unreachable")


def _prepare(index: int, given: Identity, strict: bool) -> _Item | None:
    fields = dict(given.fields)
    email = given.email or str(fields.pop("email", "") or "")
    fields.pop("email", None)
    if strict:
        clean = rules.clean_fields({"email": email, **fields})
    else:
        clean = {}
        country = str(fields.get("country") or "")
        for name, value in {"email": email, **fields}.items():
            try:
                clean |= rules.clean_fields({name: value}, country=country)
            except rules.Invalid:
                continue
    email = clean.pop("email", "")
    if not (email or given.external_id or given.person_id):
        if strict:
            raise rules.Invalid({"email": _("Enter an e-mail address.")})
        return None
    wanted = companies.Wanted(
        domain="" if clean.get("company_id") else rules.company_domain(email), name=clean.pop("company", "")
    )
    return _Item(index, given, email, clean, wanted, given.at or clock.now())


def _existing(items: list[_Item], strict: bool) -> list[_Item]:
    """Items that name a contact who exists (or none). Who was merged is the one into whom she was."""
    named = {i.given.person_id for i in items if i.given.person_id and not i.given.new}
    if not named:
        return items
    gone = named - set(Contact.objects.filter(pk__in=named).values_list("pk", flat=True))
    if gone:
        now = queries.survivors([p for p in gone if p])
        for item in items:
            if item.given.person_id in now:
                item.given = replace(item.given, person_id=now[item.given.person_id])
        gone -= set(now)
    if gone and strict:
        raise rules.Invalid({"person_id": _("There is no such contact.")})
    return [i for i in items if i.given.person_id not in gone]


def _identify(items: list[_Item]) -> dict[int, int]:
    fixed = {i.index: i.given.person_id for i in items if i.given.person_id}
    people, fresh = claims.resolve({i.index: _keys(i) for i in items}, fixed)
    fresh |= {i.given.person_id for i in items if i.given.new and i.given.person_id}
    labels.ensure_tags(sorted({tag for i in items for tag in i.fields.get("tags", [])}))
    company_of = _companies(items, people)
    pairs = {i.given.visitor_id: people[i.index] for i in items if i.given.visitor_id is not None}
    before = visitors.attach(pairs, min(i.at for i in items))
    with in_lane(*people.values()):
        contacts = Contact.objects.in_bulk(list(set(people.values())))
        if any(p not in contacts and p not in fresh for p in people.values()):
            raise _Gone
        facts = _write(items, people, contacts, company_of, before)
        moved = {v: p for v, p in pairs.items() if before[v][0] != p}
        counts = timeline.anonymous_counts(list(moved))
        adopt(list(moved.items()))
        for item in items:
            visitor = item.given.visitor_id
            if visitor in moved and moved.pop(visitor) == people[item.index]:
                fact = ContactIdentified(how=item.given.how, visitor=str(visitor), facts_moved=counts.get(visitor, 0))
                facts.append(NewFact(people[item.index], fact, item.at + _TICK, actor=item.given.actor))
        record_many(facts)
        _tag(items, people)
    return people


def _tag(items: list[_Item], people: Mapping[int, int]) -> None:
    groups: dict[tuple[str, ...], list[_Item]] = {}
    for item in items:
        if item.fields.get("tags"):
            groups.setdefault((*item.fields["tags"], item.given.actor), []).append(item)
    for (*tags, actor), tagged in groups.items():
        labels.add_tags([people[i.index] for i in tagged], tags, actor=actor)


def _keys(item: _Item) -> list[claims.Key]:
    keys: list[claims.Key] = []
    if item.given.external_id:
        keys.append(("external", item.given.external_id[:200]))
    if item.email:
        keys.append(("email", item.email))
    return keys


def _companies(items: list[_Item], people: Mapping[int, int]) -> dict[companies.Wanted, int]:
    """Companies of the items whose contact has none yet (or is to be overwritten)."""
    settled = set(
        Contact.objects.filter(pk__in=set(people.values()), company__isnull=False).values_list("pk", flat=True)
    )
    wanted = [i.company for i in items if people[i.index] not in settled or (i.given.overwrite and i.company.name)]
    return companies.find_or_create_companies(wanted)


def _write(
    items: list[_Item],
    people: Mapping[int, int],
    contacts: dict[int, Contact],
    company_of: Mapping[companies.Wanted, int],
    visitors_before: Mapping[int, tuple[int | None, dict[str, Any], datetime | None]],
) -> list[NewFact]:
    """Create and fill the contacts; returns the facts to record."""
    facts: list[NewFact] = []
    new: dict[int, _Item] = {}
    touched: set[int] = set()
    for item in items:
        person = people[item.index]
        fields = dict(item.fields)
        if item.company in company_of and not fields.get("company_id"):
            fields["company_id"] = company_of[item.company]
        contact = contacts.get(person)
        overwrite = item.given.overwrite
        if contact is None:
            contact = contacts[person] = Contact(
                pk=person, created_at=item.at, stage_at=item.at, stage=fields.get("stage", "lead"),
                owner_id=fields.get("owner_id"),
            )  # fmt: skip
            new[person], overwrite = item, True
        if item.email and not contact.email:
            fields["email"] = item.email
        elif overwrite and not fields.get("company_id"):
            fields.pop("company_id", None)
        changes = records.apply(contact, fields, overwrite=overwrite)
        seen = _first_touch(contact, visitors_before.get(item.given.visitor_id or 0))
        if person in new:
            touched.add(person)
        elif changes:
            facts.append(NewFact(person, ContactUpdated(changes=changes), item.at, actor=item.given.actor))
        if changes or seen:
            touched.add(person)
    made = [
        NewFact(
            person,
            ContactCreated(source=item.given.source or item.given.how, email=contacts[person].email),
            item.at,
            actor=item.given.actor,
        )
        for person, item in new.items()
    ]
    records.save([contacts[p] for p in sorted(touched)], new=new)
    return made + facts


def _first_touch(contact: Contact, visitor: tuple[int | None, dict[str, Any], datetime | None] | None) -> bool:
    """Copy what the visitor knows; True where the contact changed."""
    if visitor is None or visitor[0] not in (None, contact.pk):
        return False
    _, origin, seen_at = visitor
    changed = False
    if origin and not contact.origin:
        contact.origin, changed = origin, True
    if seen_at and (contact.last_seen_at is None or seen_at - contact.last_seen_at >= visitors.SEEN_EVERY):
        contact.last_seen_at, changed = seen_at, True
    return changed
