"""Small makers for the tests of this package."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from headwater.people import rules
from headwater.people.models import Contact
from headwater.timeline import partitions
from headwater.timeline.actions import Custom, NewFact, record_many

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def person(**fields: Any) -> int:
    """A contact as it is stored (facts of its own are not told)."""
    fields.setdefault("created_at", NOW - timedelta(days=400))
    search = rules.searchable(fields.get("name", ""), fields.get("email", ""), "")
    return int(Contact.objects.create(**fields, search=search, grams=rules.grams(search)).pk)


def happened(person_id: int, kind: str, at: datetime | None = None, **data: Any) -> None:
    record_many([NewFact(person_id, Custom(kind, data), at or NOW)])


__all__ = ["NOW", "happened", "partitions", "person"]


def text(response: Any) -> str:
    """A page as text, whose every component was drawn."""
    assert "<c-" not in response.content.decode()
    return response.content.decode()
