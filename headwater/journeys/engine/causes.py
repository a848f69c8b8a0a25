"""What let people in, and what ended their waiting: conditions ask for its properties, merge tags name them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection

from ..rules import matching
from . import deciding
from .base import Traveller
from .fields.conditions import ONE
from .fields.messages import message_leaf

if TYPE_CHECKING:
    from .graph import Version

#: (kind of fact, its properties)
Happened = tuple[str, dict[str, Any]]
#: (person_id, passage id)
Key = tuple[int, int]
#: A property of what ended her wait, as merge tags name it: {{ event.waited.score }}
WAITED = "waited"

CAUSES = (
    "SELECT p.person_id, p.id, p.why::text FROM unnest(%s::bigint[], %s::bigint[]) AS v(person_id, id) "
    "JOIN journeys_passage p ON p.person_id = v.person_id AND p.id = v.id"
)
NEWEST_FIRST = (
    "SELECT v.n, f.kind, f.data::text FROM unnest(%s::bigint[], %s::timestamptz[]) "
    "WITH ORDINALITY AS v(person_id, since, n) JOIN timeline_fact f ON f.person_id = v.person_id AND f.at > v.since "
    "WHERE f.kind = ANY(%s::text[]) ORDER BY v.n, f.at DESC, f.id DESC"
)


def causes(people: Sequence[Traveller]) -> dict[Key, Happened]:
    """What let each of them in. One statement, for those who did not come this moment."""
    found = [(t.person_id, t.id, json.loads(t.arrival.why)) for t in people if t.arrival]
    old = [t for t in people if t.arrival is None]
    if old:
        with connection.cursor() as cursor:
            cursor.execute(CAUSES, [[t.person_id for t in old], [t.id for t in old]])
            found += [(person, pk, json.loads(text)) for person, pk, text in cursor.fetchall()]
    return {(person, pk): (str(why.get("kind") or ""), why.get("data") or {}) for person, pk, why in found}


def waited(version: Version, people: Sequence[Traveller]) -> dict[Key, Happened]:
    """The newest fact since she came in that a wait of this version asks for, for those who have one. One statement."""
    leaves = list(waits_of(version))
    if not leaves:
        return {}
    kinds = sorted({kind for kind, _where in leaves})
    out: dict[Key, Happened] = {}
    with connection.cursor() as cursor:
        cursor.execute(NEWEST_FIRST, [[t.person_id for t in people], [t.since for t in people], kinds])
        for n, kind, text in cursor.fetchall():
            key = people[n - 1].person_id, people[n - 1].id
            if key not in out and answers(leaves, kind, data := json.loads(text)):
                out[key] = (kind, data)
    return out


def answers(leaves: Sequence[tuple[str, Any]], kind: str, data: Mapping[str, Any]) -> bool:
    """Does a wait ask for this fact?"""
    return any(its == kind and matching.holds(where, data) for its, where in leaves)


def waits_of(version: Version, *, mails: bool = True) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """(kind of fact, conditions on its properties) of each event for which a step of the version waits. mails: also
    what people do with mails of the journey."""
    for node in version.nodes.values():
        if isinstance(node.settings.get("until"), Mapping):
            yield from _events(node.settings["until"], version, mails)
        elif node.settings.get("within"):
            for arm in node.settings.get("arms") or []:
                yield from _events(arm["when"], version, mails)


def _events(node: Mapping[str, Any], version: Version, mails: bool) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Events that make a condition true (not those that must not happen)."""
    for child in node.get("all") or node.get("any") or ():
        yield from _events(child, version, mails)
    if ("event" in node and node.get("since") not in ONE) or (mails and message_leaf(node)):
        yield deciding.as_event(node, version)[:2]


def values(people: Sequence[Traveller], version: Version, text: str) -> dict[Key, dict[str, Any]]:
    """What {{ event... }} stands for in a text: the properties of what let each of them in, and, where the text names
    it, under "waited" those of what ended her wait."""
    found = {key: data for key, (_kind, data) in causes(people).items()}
    if f"event.{WAITED}" in text:
        ended = waited(version, people)
        found = {key: {**data, WAITED: ended[key][1] if key in ended else {}} for key, data in found.items()}
    return found
