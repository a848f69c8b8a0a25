"""Contacts by what one knows of them; a constant number of statements for any number."""

from __future__ import annotations

from collections.abc import Sequence

from .. import rules
from ..models import Consent, Contact, EmailClaim, Visitor


def contacts(person_ids: Sequence[int]) -> dict[int, Contact]:
    """Contacts with company and owner by id; ids of nobody are left out."""
    found = Contact.objects.filter(pk__in=person_ids).defer("search", "grams").select_related("company", "owner")
    return {c.pk: c for c in found}


def consent_states(person_ids: Sequence[int], channel: str, topic: str = "") -> dict[int, str]:
    """person_id -> "granted", "withdrawn" or "pending" on a channel; who never said anything is left out.

    topic: a withdrawal of the channel as a whole outweighs what was said about a topic.
    """
    rows = Consent.objects.filter(person_id__in=person_ids, channel=channel, topic__in={"", topic})
    out: dict[int, str] = {}
    for person, said_about, state in sorted(rows.values_list("person_id", "topic", "state"), key=lambda r: r[1]):
        if not (said_about and out.get(person) == "withdrawn"):
            out[person] = state
    return out


def consents(person_id: int) -> list[Consent]:
    """Everything one person said about being written to."""
    return list(Consent.objects.filter(person_id=person_id).order_by("channel", "topic"))


def find_by_email(email: str) -> int | None:
    """The contact who owns an address, in any spelling; None where nobody does or it is no address."""
    try:
        normal = rules.normalise_email(email)
    except rules.Invalid:
        return None
    return EmailClaim.objects.filter(email=normal).values_list("person_id", flat=True).first()


def visitor_people(visitor_ids: Sequence[int]) -> dict[int, int]:
    """visitor_id -> person_id of those who are known."""
    found = Visitor.objects.filter(visitor_id__in=visitor_ids, person_id__isnull=False)
    return dict(found.values_list("visitor_id", "person_id"))
