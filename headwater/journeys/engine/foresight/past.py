"""How a field stood at a moment that is past: facts tell of its changes, the row of how it is now."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import json

from headwater.audience.compiler.fields import Field

if TYPE_CHECKING:
    from .person import Person

#: (when, before, after), oldest first
Turn = tuple[datetime, Any, Any]
Data = Mapping[str, Any]
#: Fields that never change once they are set
FIXED = ("contact.created_at", "company.created_at", "contact.origin.")
UPDATED, COMPANY, STAGE, OWNER = "contact.updated", "company.updated", "stage.changed", "owner.changed"


@dataclass(frozen=True)
class History:
    """Where the past of one field is told. kinds: the facts; names: the field's keys among their changes."""

    of: Field
    kinds: frozenset[str]
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.of.name

    def turns(self, person: Person) -> list[Turn]:
        """Its changes that were some, oldest first; worked out once for each person."""
        key = ("turns", self.name)
        if key not in person.memo:
            found = [(at, self._change(json.decode(text))) for at, kind, text in person.facts if kind in self.kinds]
            person.memo[key] = [(at, *two) for at, two in found if two is not None and two[0] != two[1]]
        turns: list[Turn] = person.memo[key]
        return turns

    def _change(self, data: Data) -> tuple[Any, Any] | None:
        if not self.names:
            return data.get("before"), data.get("after")
        changes = data.get("changes") or {}
        found = next((changes[name] for name in self.names if name in changes), None)
        return (found[0], found[1]) if isinstance(found, list) and len(found) == 2 else None

    def at(self, person: Person, moment: datetime) -> Any:
        """What it was then."""
        turns = self.turns(person)
        if self.name == "contact.stage_at":
            return self._stage_at(person, turns, moment)
        place = bisect_right(turns, moment, key=_when)
        if place:
            return turns[place - 1][2]
        return turns[0][1] if turns else person.fields.get(self.name)

    def _stage_at(self, person: Person, turns: list[Turn], moment: datetime) -> Any:
        place = bisect_right(turns, moment, key=_when)
        if place:
            return turns[place - 1][0]
        return person.created_at if turns else person.fields.get(self.name)

    def since(self, person: Person, moment: datetime) -> datetime | None:
        """When it changed last before then; when she became a contact, where it never did."""
        turns = self.turns(person)
        place = bisect_right(turns, moment, key=_when)
        return turns[place - 1][0] if place else person.created_at


def _when(turn: Turn) -> datetime:
    return turn[0]


def history_of(found: Field) -> History:
    """Where the past of a field is told."""
    table, _dot, column = found.name.partition(".")
    if found.name.startswith(FIXED):
        return History(found, frozenset())
    if found.name in ("contact.stage", "contact.stage_at"):
        return History(found, frozenset([STAGE]))
    if found.name == "contact.owner":
        return History(found, frozenset([OWNER]))
    names = (f"custom.{found.custom}", column) if found.custom else (column,)
    if found.type == "user":
        names = ("owner_id", "owner")
    return History(found, frozenset([COMPANY if table == "company" else UPDATED]), names)


def column_of(found: Field) -> str:
    """The field as Django names it on a contact."""
    table, _dot, column = found.name.partition(".")
    if found.custom:
        path = "custom"
    elif column.startswith("origin."):
        path = "origin"
    else:
        path = "owner_id" if found.type == "user" else column
    return f"company__{path}" if table == "company" else path


def value_in(found: Field, value: Any) -> Any:
    """The field's value out of that column."""
    if found.custom:
        return (value or {}).get(found.custom)
    key = found.name.rpartition(".origin.")[2] if ".origin." in found.name else ""
    return (value or {}).get(key) if key else value
