"""Where an installation begins again from a backup: mails that were on their way then may have gone out since."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection

from headwater.core import clock
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..facts import MailRefused, PushRefused, TextRefused
from . import outbox

Kind = type[MailRefused] | type[TextRefused] | type[PushRefused]
CHUNK = 2000
#: Due, or in the hands of a worker of then
HELD = "o.person_id = m.person_id AND o.message_id = m.id AND (o.due_at <= %s OR m.status = 'sending')"
PEOPLE = f"SELECT DISTINCT o.person_id FROM {{table}} o JOIN messaging_message m ON {HELD} ORDER BY 1 LIMIT %s"
HOLD = (
    f"WITH gone AS (DELETE FROM {{table}} o USING messaging_message m WHERE {HELD} "
    "AND o.person_id = ANY(%s::bigint[]) RETURNING o.person_id, o.message_id) "
    "UPDATE messaging_message m SET status = 'refused', reason = 'restored' FROM gone "
    "WHERE m.person_id = gone.person_id AND m.id = gone.message_id "
    "RETURNING m.person_id, m.id, m.template_id, m.subject, m.actor"
)


def hold() -> list[str]:
    """Refuse, with the reason `restored`, every mail, text and push message that may have gone out after the backup: it
    was due since, or was being sent. Later ones stay. Returns lines for the administrator."""
    return [
        *_hold(outbox.MAILS, "mails", MailRefused),
        *_hold(outbox.TEXTS, "texts", TextRefused),
        *_hold(outbox.PUSHES, "push messages", PushRefused),
    ]


def _hold(table: str, what: str, fact: Kind) -> list[str]:
    now, held = clock.now(), 0
    while people := _ask(PEOPLE.format(table=table), [now, CHUNK]):
        ids = [person for (person,) in people]
        with in_lane(*ids):
            found = _ask(HOLD.format(table=table), [now, ids])
            record_many([_fact(fact, *one) for one in found])
        held += len(found)
    if not held:
        return []
    return [f"{held:,} {what} that were on their way are not sent (reason: restored); they may have gone out since."]


def _ask(sql: str, values: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[Any] = cursor.fetchall()
        return rows


def _fact(kind: Kind, person: int, message: uuid.UUID, template: int, subject: str, actor: str) -> NewFact:
    said = kind(message=str(message), template=template, subject=subject, reason="restored")
    return NewFact(person, said, actor=actor)
