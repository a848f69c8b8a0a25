"""Hand-overs: whose turn, how fast, how good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection
from django.db.models import F, Q

from headwater.core.prepared import Prepared

from ..models import LeadHandover, SalesDesk
from ..rules import in_time_share


def handover(handover_id: int) -> LeadHandover:
    """A hand-over with its person, company, owner and deal. Raises LeadHandover.DoesNotExist."""
    rows = LeadHandover.objects.select_related("contact", "contact__company", "owner", "deal", "deal__stage")
    return rows.get(pk=handover_id)


_newest = Prepared(lambda pk: LeadHandover.objects.filter(contact_id=pk).order_by("-created_at", "-pk")[:1])


def latest_for(person_id: int) -> LeadHandover | None:
    """The newest hand-over of a person, or None. Its owner is read when named: most people have no hand-over, and the
    statement with three relations takes longer to write than to run."""
    return _newest.first(person_id)


class NewLead(NamedTuple):
    """A lead that waits for its answer, with its person and the worth of its deal."""

    pk: int
    person_id: int
    name: str
    company: str
    reason: str
    score: int
    sla_due_at: datetime
    amount: Decimal | None
    currency: str | None  # None: no deal


def waiting(user_id: int, limit: int = 30) -> list[NewLead]:
    """Leads that a user (or nobody in particular) is to answer, the most urgent first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT h.id, c.id, coalesce(nullif(c.name, ''), nullif(c.email, ''), '#' || c.id), "
            "coalesce(co.name, ''), h.reason, h.score, h.sla_due_at, d.amount, d.currency FROM sales_leadhandover h "
            "JOIN people_contact c ON c.id = h.contact_id LEFT JOIN people_company co ON co.id = c.company_id "
            "LEFT JOIN sales_deal d ON d.id = h.deal_id WHERE (h.owner_id = %s OR h.owner_id IS NULL) "
            "AND h.status = 'open' ORDER BY h.sla_due_at LIMIT %s",
            [user_id, limit],
        )
        return [NewLead(*found) for found in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class HandoverPage:
    """Some hand-overs, newest first, and the cursor of the page that follows ("" at the end)."""

    rows: list[LeadHandover]
    next: str


def handovers(
    *,
    status: str = "",
    intime: bool = False,
    since: datetime | None = None,
    until: datetime | None = None,
    owner_id: int | None = None,
    after: str = "",
    limit: int = 50,
) -> HandoverPage:
    """Hand-overs made in [since, until), as `handover_stats` counts them. intime: only those answered within the
    clock. Raises ValueError on a malformed cursor."""
    rows = LeadHandover.objects.select_related("contact", "contact__company", "owner")
    given = {"created_at__gte": since, "created_at__lt": until, "status": status or None, "owner_id": owner_id}
    rows = rows.filter(**{name: value for name, value in given.items() if value is not None})
    if intime:
        rows = rows.filter(answered_at__lte=F("sla_due_at"))
    if after:
        at, _tilde, pk = after.partition("~")
        try:
            moment, last = datetime.fromisoformat(at), int(pk)
        except ValueError as error:
            raise ValueError(f"not a cursor of hand-overs: {after!r}") from error
        rows = rows.filter(Q(created_at__lt=moment) | Q(created_at=moment, pk__lt=last), created_at__lte=moment)
    found = list(rows.order_by("-created_at", "-pk")[: limit + 1])
    shown = found[:limit]
    return HandoverPage(shown, f"{shown[-1].created_at.isoformat()}~{shown[-1].pk}" if len(found) > limit else "")


def sla_minutes() -> int:
    """How many minutes sales has to answer."""
    return SalesDesk.objects.values_list("sla_minutes", flat=True).filter(pk=1).first() or 60


@dataclass(frozen=True)
class HandoverStats:
    """Both sides, measured over a period. Marketing: how many of its leads were accepted (`accepted_share`, percent
    of those answered). Sales: how many answers came in time (`in_time_share`), and the median minutes to one."""

    handed_over: int
    open: int
    accepted: int
    returned: int
    late: int  # answered after the SLA, or open and past it
    accepted_share: int
    in_time_share: int
    median_minutes: int
    won: int
    reasons: list[tuple[str, int]]


def handover_stats(since: datetime, until: datetime) -> HandoverStats:
    """What became of the leads handed over in [since, until), measured at `until`. Two statements."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE h.status = 'open'), "
            "count(*) FILTER (WHERE h.status = 'accepted'), count(*) FILTER (WHERE h.status = 'returned'), "
            "count(*) FILTER (WHERE coalesce(h.answered_at, %(until)s) > h.sla_due_at), "
            "count(*) FILTER (WHERE h.answered_at <= h.sla_due_at), "
            "coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM h.answered_at - h.created_at)), "
            "0), count(*) FILTER (WHERE d.won_at IS NOT NULL) "
            "FROM sales_leadhandover h LEFT JOIN sales_deal d ON d.id = h.deal_id "
            "WHERE h.created_at >= %(since)s AND h.created_at < %(until)s",
            {"since": since, "until": until},
        )
        total, open_, accepted, returned, late, in_time, median, won = cursor.fetchone()
        cursor.execute(
            "SELECT return_reason, count(*) FROM sales_leadhandover WHERE status = 'returned' "
            "AND created_at >= %s AND created_at < %s GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10",
            [since, until],
        )
        reasons = cursor.fetchall()
    return HandoverStats(
        handed_over=total,
        open=open_,
        accepted=accepted,
        returned=returned,
        late=late,
        accepted_share=in_time_share(accepted, accepted + returned),
        in_time_share=in_time_share(in_time, accepted + returned),
        median_minutes=int(float(median) // 60),
        won=won,
        reasons=[(str(reason), int(n)) for reason, n in reasons],
    )
