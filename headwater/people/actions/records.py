"""Contact rows as they are changed: compare, fill, save many at once. Callers hold the people's lanes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from headwater.core import clock

from .. import rules
from ..models import Contact

#: Columns that fields may write, and what derives from them.
WRITABLE = (
    "first_name", "last_name", "name", "email", "phone", "job_title", "company_id", "country", "city", "region",
    "language", "time_zone", "gender", "birthday", "renewal_date", "customer_since", "custom", "origin",
    "last_seen_at",
)  # fmt: skip
_COLUMNS = [name.removesuffix("_id") for name in WRITABLE]


def apply(contact: Contact, fields: Mapping[str, Any], *, overwrite: bool) -> dict[str, list[Any]]:
    """Put clean fields into a contact in memory. Returns field -> [before, after] of what changed.

    overwrite: False fills empty fields only. Custom fields are merged key by key. Names follow each other: a new
    first or last name renews the whole name, a new whole name its parts.
    """
    changes: dict[str, list[Any]] = {}
    named = {f: v for f, v in fields.items() if f in ("first_name", "last_name", "name")}
    for field, value in {**fields, **_names(contact, named, overwrite)}.items():
        if field == "custom":
            for key, item in value.items():
                before = contact.custom.get(key)
                if item != before and (overwrite or before in (None, "", [])):
                    contact.custom[key] = item
                    changes[f"custom.{key}"] = [before, item]
        elif field in WRITABLE:
            before = getattr(contact, field)
            if value != before and (overwrite or not before) and not (not overwrite and not value):
                setattr(contact, field, value)
                changes[field] = [plain(before), plain(value)]
    return changes


def save(contacts: Sequence[Contact], *, new: Iterable[int] = ()) -> None:
    """Insert those whose id is in `new`, update the others: one statement each."""
    now = clock.now()
    fresh = set(new)
    for contact in contacts:
        contact.updated_at = now
        contact.search = rules.searchable(contact.name, contact.email, contact.phone)
        contact.grams = rules.grams(contact.search)
    added = [c for c in contacts if c.pk in fresh]
    changed = [c for c in contacts if c.pk not in fresh]
    if added:
        Contact.objects.bulk_create(added)
    if changed:
        Contact.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=[*_COLUMNS, "search", "grams", "updated_at"],
        )


def plain(value: Any) -> Any:
    """A value as a fact keeps it."""
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _names(contact: Contact, named: Mapping[str, str], overwrite: bool) -> dict[str, str]:
    """What a change of some names means for the others."""
    if not named:
        return {}
    if named.get("name") and not (named.get("first_name") or named.get("last_name")):
        if contact.name and not overwrite:
            return {}
        first, last = rules.split_name(named["name"])
        return {"first_name": first, "last_name": last}
    if named.get("name"):
        return {}
    first, last = (
        named.get(part, getattr(contact, part)) if overwrite else getattr(contact, part) or named.get(part, "")
        for part in ("first_name", "last_name")
    )
    return {"name": rules.full_name(first, last)}
