"""How people answer over each channel, and which channels are open to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connection

from headwater.people.models import Contact

from ..rules import texting
from . import browsers, gates

#: A click or a reply; a mail that was only opened is a quarter of one
_ANSWERED = (
    "sum(CASE WHEN clicked_at IS NOT NULL OR replied_at IS NOT NULL THEN 1 WHEN opened_at IS NOT NULL THEN 0.25 "
    "ELSE 0 END)::float8"
)
_HERS = (
    f"SELECT person_id, channel, count(*)::float8, {_ANSWERED} FROM messaging_message "
    "WHERE person_id = ANY((SELECT %s::bigint[])::bigint[]) AND queued_at > %s AND sent_at IS NOT NULL GROUP BY 1, 2"
)
#: What everybody does changes slowly: some of what was sent is enough
SAMPLE = 20_000
_ALL = (
    f"SELECT count(*)::float8, coalesce({_ANSWERED}, 0) FROM (SELECT opened_at, clicked_at, replied_at "
    "FROM messaging_message WHERE channel = '{channel}' AND purpose = 'marketing' AND queued_at > %s "
    "AND sent_at IS NOT NULL LIMIT %s) m"
)


def answers_of(person_ids: Sequence[int], since: datetime) -> dict[int, dict[str, tuple[float, float]]]:
    """person -> channel -> (messages that were sent, how many she answered), in one statement."""
    out: dict[int, dict[str, tuple[float, float]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_HERS, [list(person_ids), since])
        for person, channel, sent, answered in cursor.fetchall():
            out.setdefault(person, {})[channel] = (sent, answered)
    return out


def answers_of_all(since: datetime) -> dict[str, tuple[float, float]]:
    """channel -> the same of everybody's marketing messages, of a sample. A statement for each channel."""
    out = {}
    with connection.cursor() as cursor:
        for channel in ("email", "sms", "push"):
            cursor.execute(_ALL.format(channel=channel), [since, SAMPLE])
            out[channel] = cursor.fetchone()
    return out


def open_channels(person_ids: Sequence[int], channels: Collection[str], *, marketing: bool) -> dict[int, list[str]]:
    """person -> those of the channels over which she can and may be written to, in their order: she has an address (a
    mobile number, a browser), it is not suppressed, and she has agreed where that is needed."""
    found = Contact.objects.filter(pk__in=list(person_ids)).values_list("pk", "email", "phone")
    rows = {pk: {"email": email or "", "sms": phone or "", "push": ""} for pk, email, phone in found}
    devices = browsers.taking(list(rows)) if "push" in channels else {}
    blocked = gates.suppressed(a for addresses in rows.values() for c, a in addresses.items() if c in channels)
    agreed = {c: gates.consenting(list(rows), c) for c in channels} if marketing else {}
    out: dict[int, list[str]] = {}
    for pk, addresses in rows.items():
        for channel in channels:
            address = addresses[channel]
            reached = bool(address) and not (channel == "sms" and texting.problem(address))
            if channel == "push":
                reached = pk in devices
            hindered = address in blocked and (marketing or blocked[address] not in gates.MARKETING_ONLY)
            if reached and not hindered and (not marketing or pk in agreed[channel]):
                out.setdefault(pk, []).append(channel)
    return out
