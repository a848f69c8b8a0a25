"""What service keeps of people (people.registry.Holder): tickets stay as numbers, what was said in them goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from headwater.core import clock, holdings
from headwater.core.holdings import Table
from headwater.people.registry import Gone, Holder, Joining
from headwater.teamwork.actions import forget_about

from ..models import Ticket

TICKETS = Table(Ticket, person="contact_id")


def _erase(gone: Gone) -> None:
    """How many tickets there were, when, and how fast they were answered, stays; without her and without a word of
    what was said. Nobody has to do anything with them any more."""
    people, now = list(gone.person_ids), clock.now()
    theirs = Ticket.objects.filter(contact_id__in=people).values_list("pk", flat=True)
    forget_about([f"/tickets/{pk}/" for pk in theirs])
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM service_ticketentry e USING service_ticket t WHERE t.id = e.ticket_id "
            "AND t.contact_id = ANY(%s)",
            [people],
        )
        cursor.execute(
            "UPDATE service_ticket t SET contact_id = NULL, subject = %s, description = '', key = 'erased:' || t.id, "
            "status = 'closed', solved_at = coalesce(t.solved_at, %s), closed_at = coalesce(t.closed_at, %s), "
            "due_at = NULL, alarm_at = NULL, close_at = NULL, overdue = false, version = t.version + 1, "
            "updated_at = %s WHERE t.contact_id = ANY(%s)",
            [_("Ticket of an erased contact"), now, now, now, people],
        )


def _export(person_id: int) -> dict[str, Any]:
    found = holdings.export([TICKETS], person_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_jsonb(e)::text FROM service_ticketentry e JOIN service_ticket t ON t.id = e.ticket_id "
            "WHERE t.contact_id = %s ORDER BY e.at, e.id",
            [person_id],
        )
        if rows := [json.loads(row) for (row,) in cursor.fetchall()]:
            found["service_ticketentry"] = rows
    return found


def _join(joining: Joining) -> dict[str, Any]:
    return holdings.move([TICKETS], joining.merged, joining.survivor, joining.mark)


def _part(joining: Joining, kept: Mapping[str, Any]) -> None:
    holdings.back([TICKETS], kept, joining.merged, joining.survivor)


HOLDER = Holder(
    "service", tables=("service_ticket", "service_ticketentry"), erase=_erase, export=_export, join=_join, part=_part,
    order=75,
)  # fmt: skip
