"""What a deal is worth, from a field of the person or from what let her in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from headwater.people.models import Contact

from ..engine.base import Traveller
from ..engine.causes import causes

#: (person_id, passage id)
Key = tuple[int, int]


def amounts_of(settings: Mapping[str, Any], people: Sequence[Traveller]) -> dict[Key, Decimal | None]:
    """passage -> the worth of the deal; the default where it is not known."""
    default = decimal(settings.get("amount"))
    found: dict[Key, Decimal | None] = dict.fromkeys([(t.person_id, t.id) for t in people])
    for path in paths_of(settings):
        source, _dot, name = path.partition(".")
        values = _of_contacts(name, people) if source == "contact" else causes_of(name, people)
        for key in found:
            if found[key] is None:
                found[key] = decimal(values.get(key))
    return {key: default if value is None else value for key, value in found.items()}


def foreseen(settings: Mapping[str, Any], custom: Mapping[str, Any], cause: Mapping[str, Any]) -> Decimal | None:
    """The worth of the deal of one person: `custom` are her own fields, `cause` what let her in."""
    for path in paths_of(settings):
        source, _dot, name = path.partition(".")
        found = decimal(custom.get(name.removeprefix("custom.")) if source == "contact" else cause.get(name))
        if found is not None:
            return found
    return decimal(settings.get("amount"))


def paths_of(settings: Mapping[str, Any]) -> list[str]:
    return [part.strip() for part in (settings.get("amount_from") or "").split(",") if part.strip()]


def _of_contacts(name: str, people: Sequence[Traveller]) -> dict[Key, Any]:
    custom = dict(Contact.objects.filter(pk__in=[t.person_id for t in people]).values_list("pk", "custom"))
    return {(t.person_id, t.id): (custom.get(t.person_id) or {}).get(name.removeprefix("custom.")) for t in people}


def causes_of(name: str, people: Sequence[Traveller]) -> dict[Key, Any]:
    """passage -> a property of what let her in."""
    return {key: data.get(name) for key, (_kind, data) in causes(people).items()}


def decimal(value: Any) -> Decimal | None:
    try:
        found = None if value in (None, "") else Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None
