"""What messaging keeps of people (people.registry.Holder): the ledger, what is due, what the demo's server caught.

Of somebody who is erased the ledger keeps that a mail was sent, opened, bounced: under nobody (person 0), without
address, subject and content. Hashes of the addresses stay on the suppression list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from headwater.core import clock, holdings
from headwater.core.holdings import Table
from headwater.core.lanes import lane_key
from headwater.people.models import Contact, Merge
from headwater.people.registry import Gone, Holder, Joining

from ..models import CaughtMail, Message, Outbox, PushDevice, PushOutbox, TextOutbox, VisitorPush
from . import outbox
from .suppress import suppress_many

LEDGER = Table(Message, rename="key")
BROWSERS = Table(PushDevice, hidden=("endpoint", "p256dh", "auth"))
#: What waits; it goes along with its message
DUE = (
    Table(Outbox, match=("message_id",)),
    Table(TextOutbox, match=("message_id",)),
    Table(PushOutbox, match=("message_id",)),
)
TABLES = (LEDGER, *DUE, BROWSERS)
#: A claim is good for a minute; a mail that is "sending" for longer is nobody's at the moment
IN_HAND = timedelta(minutes=2)
#: Nobody
NOBODY = 0


def _erase(gone: Gone) -> None:
    people = list(gone.person_ids)
    numbers = _numbers(people)
    with connection.cursor() as cursor:
        for table in (outbox.MAILS, outbox.TEXTS, outbox.PUSHES):
            cursor.execute(
                f"DELETE FROM {table} WHERE lane_key = ANY(%s) AND person_id = ANY(%s)",
                [sorted({lane_key(p) for p in people}), people],
            )
        cursor.execute(
            "WITH gone AS (DELETE FROM messaging_message WHERE person_id = ANY(%s) RETURNING *) "
            "INSERT INTO messaging_message (person_id, id, key, template_id, version, purpose, actor, email, subject, "
            "header_id, context, status, reason, error, attempts, uncertain, queued_at, sending_at, sent_at, "
            "opened_at, last_open_at, opens, clicked_at, last_click_at, clicks, scans, bounced_at, complained_at, "
            "unsubscribed_at, channel, delivered_at, replied_at, segments) "
            "SELECT %s, id, 'erased:' || id, template_id, version, purpose, actor, '', '', '', '{}', "
            "CASE status WHEN 'queued' THEN 'refused' WHEN 'sending' THEN 'sent' ELSE status END, "
            "CASE status WHEN 'queued' THEN 'erased' ELSE reason END, '', attempts, uncertain OR status = 'sending', "
            "queued_at, sending_at, CASE status WHEN 'sending' THEN sending_at ELSE sent_at END, opened_at, "
            "last_open_at, opens, clicked_at, last_click_at, clicks, scans, bounced_at, complained_at, "
            "unsubscribed_at, channel, delivered_at, replied_at, segments FROM gone ON CONFLICT DO NOTHING",
            [people, NOBODY],
        )
    holdings.erase([BROWSERS], people)
    VisitorPush.objects.filter(visitor_id__in=list(gone.visitors)).delete()
    addresses = [*gone.emails, *numbers]
    CaughtMail.objects.filter(rcpt_to__in=addresses).delete()
    suppress_many([(address, "erased", "") for address in addresses])


def _numbers(people: Sequence[int]) -> list[str]:
    """Where texts went to, or could have gone."""
    sent = Message.objects.filter(person_id__in=people, channel="sms").exclude(email="").values_list("email", flat=True)
    own = Contact.objects.filter(pk__in=people).exclude(phone="").values_list("phone", flat=True)
    return sorted({*sent, *own})


def _export(person_id: int) -> dict[str, Any]:
    return holdings.export([LEDGER, BROWSERS], person_id)


def _join(joining: Joining) -> dict[str, Any]:
    return holdings.move(TABLES, joining.merged, joining.survivor, joining.mark)


def _late(joining: Joining) -> list[list[str]]:
    """Messages sent since the merge to the addresses of the one who parts, and to her number."""
    before = Merge.objects.values_list("before", flat=True).get(pk=joining.merge_id)
    own, other = (before.get(str(p), {}).get("phone") or "" for p in (joining.merged, joining.survivor))
    to = [*joining.emails, *([own] if own and own != other else [])]
    rows = Message.objects.filter(person_id=joining.survivor, queued_at__gt=joining.at, email__in=to)
    return [[str(pk)] for pk in rows.values_list("id", flat=True)]


def _part(joining: Joining, kept: Mapping[str, Any]) -> None:
    late = _late(joining)
    holdings.back(TABLES, kept, joining.merged, joining.survivor)
    for table in (LEDGER, *DUE):
        holdings.give(table, late, joining.survivor, joining.merged)
    # browsers in which she agreed since then
    new = PushDevice.objects.filter(
        person_id=joining.survivor, visitor_id__in=list(joining.visitors), created_at__gt=joining.at
    )
    holdings.give(BROWSERS, [[str(pk)] for pk in new.values_list("id", flat=True)], joining.survivor, joining.merged)
    for table in DUE:
        holdings.give(table, kept.get(LEDGER.name, {}).get("keys", ()), joining.survivor, joining.merged)


def _marks(joining: Joining, kept: Mapping[str, Any]) -> dict[str, list[str]]:
    keys = [*kept.get(LEDGER.name, {}).get("keys", ()), *_late(joining)]
    return {"message": [key[0] for key in keys]}


def _hinders(person_ids: Sequence[int]) -> str:
    since = clock.now() - IN_HAND
    rows = Message.objects.filter(person_id__in=list(person_ids), status="sending", sending_at__gt=since)
    return _("A mail to one of them is being sent at this moment. Try again in a minute.") if rows.exists() else ""


HOLDER = Holder(
    "messaging",
    tables=(
        "messaging_message", outbox.MAILS, outbox.TEXTS, outbox.PUSHES, "messaging_pushdevice",
        "messaging_visitorpush", "messaging_caughtmail",
    ),
    erase=_erase, export=_export, join=_join, part=_part, marks=_marks, hinders=_hinders, order=50,
)  # fmt: skip
