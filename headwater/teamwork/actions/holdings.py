"""What teamwork keeps of people (people.registry.Holder): tasks, notes, calls, and notifications that name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection

from headwater.core import holdings
from headwater.core.holdings import Table
from headwater.people.registry import Gone, Holder, Joining

from ..models import Call, Note, Task

TABLES = (Table(Task, person="contact_id"), Table(Note, person="contact_id"), Table(Call, person="contact_id"))


def _erase(gone: Gone) -> None:
    holdings.erase(TABLES, gone.person_ids)
    named = [text for text in (*gone.names, *gone.emails) if len(text) > 3]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM teamwork_notification n WHERE split_part(n.url, '/', 2) = 'people' "
            "AND split_part(n.url, '/', 3) = ANY(%s)",
            [[str(p) for p in gone.person_ids]],
        )
        cursor.execute(
            "DELETE FROM teamwork_notification n USING unnest(%s::text[]) AS x(said) "
            "WHERE strpos(lower(n.text), lower(x.said)) > 0",
            [named],
        )


def _export(person_id: int) -> dict[str, Any]:
    return holdings.export(TABLES, person_id)


def _join(joining: Joining) -> dict[str, Any]:
    return holdings.move(TABLES, joining.merged, joining.survivor, joining.mark)


def _part(joining: Joining, kept: Mapping[str, Any]) -> None:
    holdings.back(TABLES, kept, joining.merged, joining.survivor)


HOLDER = Holder(
    "teamwork", tables=("teamwork_task", "teamwork_note", "teamwork_call", "teamwork_notification"), erase=_erase,
    export=_export, join=_join, part=_part, order=60,
)  # fmt: skip
