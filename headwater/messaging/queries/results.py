"""What mails led to, per template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection


@dataclass(frozen=True, slots=True)
class Results:
    """People's mails of one template. opened and clicked count mails with at least one by a human."""

    queued: int = 0
    sent: int = 0
    opened: int = 0
    clicked: int = 0
    bounced: int = 0
    failed: int = 0
    refused: int = 0
    unsubscribed: int = 0
    delivered: int = 0
    replied: int = 0


def results(template_ids: Sequence[int] | None = None, since: datetime | None = None) -> dict[int, Results]:
    """template id -> Results of mails queued since then, in one statement. None: all templates, all time.

    Templates without a mail are left out. `sent` counts mails the receiving server took, bounced ones later too.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT template_id, count(*) FILTER (WHERE status IN ('queued', 'sending')), "
            "count(sent_at), count(opened_at), count(clicked_at), count(bounced_at), "
            "count(*) FILTER (WHERE status = 'failed'), count(*) FILTER (WHERE status = 'refused'), "
            "count(unsubscribed_at), count(delivered_at), count(replied_at) FROM messaging_message "
            "WHERE (%s::bigint[] IS NULL OR template_id = ANY(%s)) AND (%s::timestamptz IS NULL OR queued_at >= %s) "
            "GROUP BY template_id",
            [*[None if template_ids is None else list(template_ids)] * 2, since, since],
        )
        return {row[0]: Results(*row[1:]) for row in cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class MonthOfMails:
    """Marketing mails of one month (UTC): by hand and broadcasts, and by journeys. month: its first day."""

    month: date
    one_off: int
    nurture: int

    @property
    def share(self) -> int | None:
        """Per cent that journeys sent."""
        total = self.one_off + self.nurture
        return round(100 * self.nurture / total) if total else None


def months(since: datetime, until: datetime) -> list[MonthOfMails]:
    """The marketing mails that went out in each month of that time, oldest first, months without any too. One
    statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_trunc('month', sent_at AT TIME ZONE 'UTC')::date, "
            "count(*) FILTER (WHERE actor LIKE 'journey:%%'), count(*) FROM messaging_message "
            "WHERE purpose = 'marketing' AND channel = 'email' AND sent_at >= %s AND sent_at <= %s "
            "AND queued_at >= %s GROUP BY 1",
            [since, until, since - timedelta(days=31)],
        )
        found = {month: (nurture, every) for month, nurture, every in cursor.fetchall()}
    out, month = [], since.date().replace(day=1)
    while month <= until.date():
        nurture, every = found.get(month, (0, 0))
        out.append(MonthOfMails(month, every - nurture, nurture))
        month = (month + timedelta(days=32)).replace(day=1)
    return out
