"""Contacts by what one knows of them; a constant number of statements for any number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from headwater.core.prepared import Prepared

from .. import rules
from ..models import Consent, Contact, EmailClaim, Merge, Tag, Visitor


def contacts(person_ids: Sequence[int]) -> dict[int, Contact]:
    """Contacts with company and owner by id; ids of nobody are left out."""
    found = Contact.objects.filter(pk__in=person_ids).defer("search", "grams").select_related("company", "owner")
    return {c.pk: c for c in found}


def consent_states(person_ids: Sequence[int], channel: str, topic: str = "") -> dict[int, str]:
    """person_id -> "granted", "withdrawn" or "pending" on a channel; who never said anything is left out.

    topic: a withdrawal of the channel as a whole outweighs what was said about a topic.
    """
    with connection.cursor() as cursor:  # each batch of mails asks it; a list that is seen would be planned each time
        cursor.execute(
            "SELECT person_id, topic, state FROM people_consent WHERE person_id = ANY((SELECT %s::bigint[])::bigint[]) "
            "AND channel = %s AND topic IN ('', %s)",
            [list(person_ids), channel, topic],
        )
        rows = cursor.fetchall()
    out: dict[int, str] = {}
    for person, said_about, state in sorted(rows, key=lambda r: str(r[1])):
        if not (said_about and out.get(person) == "withdrawn"):
            out[person] = state
    return out


_consents = Prepared(lambda person_id: Consent.objects.filter(person_id=person_id).order_by("channel", "topic"))


def consents(person_id: int) -> list[Consent]:
    """Everything one person said about being written to."""
    return _consents(person_id)


_claims = Prepared(lambda person_id: EmailClaim.objects.filter(person_id=person_id).order_by("email"))


def emails(person_id: int) -> list[str]:
    """All addresses by which a person is known: from forms, imports, merged contacts."""
    return [claim.email for claim in _claims(person_id)]


def find_by_email(email: str) -> int | None:
    """The contact who owns an address, in any spelling; None where nobody does or it is no address."""
    try:
        normal = rules.normalise_email(email)
    except rules.Invalid:
        return None
    return EmailClaim.objects.filter(email=normal).values_list("person_id", flat=True).first()


def survivors(person_ids: Sequence[int]) -> dict[int, int]:
    """id of a contact who was merged -> id of the contact whom she is part of now; others are left out."""
    out: dict[int, int] = {}
    asked = {p: p for p in person_ids}  # where the way of each id has led so far
    while asked:
        rows = Merge.objects.filter(merged_id__in=set(asked.values()), undone_at=None)
        step = dict(rows.values_list("merged_id", "survivor_id"))
        asked = {start: step[at] for start, at in asked.items() if at in step}
        out |= asked
    return out


def kin(person_ids: Sequence[int]) -> dict[int, set[int]]:
    """id -> the contacts with whom it was ever merged, or from whom it was parted; others are left out. For what was
    sent out under one id, and belongs to another by now."""
    ids = set(person_ids)
    pairs = Merge.objects.filter(Q(survivor_id__in=ids) | Q(merged_id__in=ids)).values_list("survivor_id", "merged_id")
    out: dict[int, set[int]] = {}
    for one, other in pairs:
        out.setdefault(one, set()).add(other)
        out.setdefault(other, set()).add(one)
    now = survivors(list(ids))
    for start, end in now.items():
        out.setdefault(start, set()).add(end)
    return {p: out[p] for p in ids if p in out}


def visitor_people(visitor_ids: Sequence[int]) -> dict[int, int]:
    """visitor_id -> person_id of those who are known."""
    found = Visitor.objects.filter(visitor_id__in=visitor_ids, person_id__isnull=False)
    return {visitor: person for visitor, person in found.values_list("visitor_id", "person_id") if person}


def tag_hues(names: Sequence[str]) -> dict[str, int]:
    """The colours of tags."""
    return dict(Tag.objects.filter(name__in=names).values_list("name", "hue")) if names else {}


@dataclass(frozen=True, slots=True)
class Browsing:
    """A person's browsers taken together."""

    browsers: int
    pages: int
    last_path: str
    last_title: str
    device: str


_browsers = Prepared(lambda person_id: Visitor.objects.filter(person_id=person_id).order_by("-last_seen_at")[:50])


def browsing(person_id: int) -> Browsing | None:
    """What a person's browsers did; None where none is known."""
    rows = _browsers(person_id)
    if not rows:
        return None
    return Browsing(len(rows), sum(v.views for v in rows), rows[0].last_path, rows[0].last_title, rows[0].device)


def by_phone(number: str) -> list[int]:
    """Who has this telephone number, as normalise_phone writes it. At most fifty, by id."""
    rows = Contact.objects.filter(search__contains=number.lstrip("+"), phone=number)
    return sorted(rows.values_list("pk", flat=True)[:50])


def look_alikes(*, email: str = "", name: str = "", phone: str = "") -> list[Contact]:
    """Contacts that may be the same person: the same address, telephone number or whole name. At most five."""
    owner = find_by_email(email) if email else None
    wanted = Q(pk=owner) if owner else Q()
    if name.strip():
        wanted |= Q(name=" ".join(name.split()))
    if phone:
        try:
            number = rules.normalise_phone(phone)
        except rules.Invalid:
            number = ""
        if number:
            wanted |= Q(search__contains=number)
    if not wanted:
        return []
    return list(Contact.objects.filter(wanted).defer("search", "grams").select_related("company")[:5])
