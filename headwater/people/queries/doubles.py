"""Pairs of contacts that may be the same person."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from ..models import Alike, Contact
from .lookup import contacts


@dataclass(frozen=True, slots=True)
class Pair:
    one: Contact
    other: Contact
    why: str
    score: int

    @property
    def people(self) -> tuple[Contact, Contact]:
        return self.one, self.other

    @property
    def words(self) -> str:
        known = {
            "email": _("Same mailbox"),
            "phone": _("Same telephone number"),
            "name": _("Same name"),
            "company": _("Like names in one company"),
        }
        return known.get(self.why, self.why)

    @property
    def hue(self) -> int:
        return 25 if self.score >= 85 else 60


def alike_pairs(limit: int = 50) -> list[Pair]:
    """The surest pairs first; the older contact of each first. Pairs that somebody told apart, and those of whom one
    is gone, are left out."""
    rows = list(Alike.objects.filter(apart_by="").order_by("-score", "-id")[: limit * 2])
    people = contacts([pk for row in rows for pk in (row.one_id, row.other_id)])
    found = [r for r in rows if r.one_id in people and r.other_id in people]
    return [Pair(people[r.one_id], people[r.other_id], r.why, r.score) for r in found[:limit]]
