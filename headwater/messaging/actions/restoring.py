"""Where an installation begins again from a backup: mails that were on their way then may have gone out since."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection

from headwater.core import clock
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..facts import MailRefused

CHUNK = 2000
#: Due, or in the hands of a worker of then
HELD = "o.person_id = m.person_id AND o.message_id = m.id AND (o.due_at <= %s OR m.status = 'sending')"
PEOPLE = f"SELECT DISTINCT o.person_id FROM messaging_outbox o JOIN messaging_message m ON {HELD} ORDER BY 1 LIMIT %s"
HOLD = (
    f"WITH gone AS (DELETE FROM messaging_outbox o USING messaging_message m WHERE {HELD} "
    "AND o.person_id = ANY(%s::bigint[]) RETURNING o.person_id, o.message_id) "
    "UPDATE messaging_message m SET status = 'refused', reason = 'restored' FROM gone "
    "WHERE m.person_id = gone.person_id AND m.id = gone.message_id "
    "RETURNING m.person_id, m.id, m.template_id, m.subject, m.actor"
)


def hold() -> list[str]:
    """Refuse, with the reason `restored`, every mail that may have gone out after the backup: it was due since, or was
    being sent. Later ones stay. Returns lines for the administrator."""
    now, held = clock.now(), 0
    while people := _ask(PEOPLE, [now, CHUNK]):
        ids = [person for (person,) in people]
        with in_lane(*ids):
            mails = _ask(HOLD, [now, ids])
            record_many([_fact(*mail) for mail in mails])
        held += len(mails)
    if not held:
        return []
    return [f"{held:,} mails that were on their way are not sent (reason: restored); they may have gone out since."]


def _ask(sql: str, values: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[Any] = cursor.fetchall()
        return rows


def _fact(person: int, message: uuid.UUID, template: int, subject: str, actor: str) -> NewFact:
    said = MailRefused(message=str(message), template=template, subject=subject, reason="restored")
    return NewFact(person, said, actor=actor)
