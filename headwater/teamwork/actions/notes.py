"""Notes about many people at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.core import clock
from headwater.core.actors import user_id
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..facts import NoteAdded
from ..models import Note
from .activities import EXCERPT, MAX_NOTE


@dataclass(frozen=True, slots=True)
class NewNote:
    person_id: int
    body: str


def add_notes(items: Sequence[NewNote], *, actor: str) -> list[int]:
    """Write notes about people, with their facts, in a constant number of statements; mentions in them tell nobody.
    Empty ones are left out. Returns their ids."""
    wanted = [i for i in items if i.body.strip()]
    if not wanted:
        return []
    with in_lane(*{i.person_id for i in wanted}):
        now = clock.now()
        rows = Note.objects.bulk_create(
            Note(
                contact_id=i.person_id,
                body=i.body.strip()[:MAX_NOTE],
                author_id=user_id(actor),
                actor=actor,
                created_at=now,
            )
            for i in wanted
        )
        record_many(
            [
                NewFact(i.person_id, NoteAdded(note=row.pk, text=row.body[:EXCERPT]), now, actor=actor)
                for i, row in zip(wanted, rows, strict=True)
            ]
        )
    return [row.pk for row in rows]
