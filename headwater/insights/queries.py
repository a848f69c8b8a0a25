"""Numbers of the dashboard. Each says in `WORDS` how it is counted; the page shows that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import User
from headwater.capture.models import Form
from headwater.core import clock
from headwater.journeys.models import Journey
from headwater.messaging import delivery
from headwater.messaging.models import MailTemplate
from headwater.messaging.queries.results import Results, results
from headwater.people.models import Visitor

from .rules import MOST_SOURCES, OTHERS, REACHED, STEPS, Period, change, share

LABELS: dict[str, Any] = {
    "awareness": _("Awareness"),
    "consideration": _("Consideration"),
    "decision": _("Decision"),
    "action": _("Action"),
}
WHO: dict[str, Any] = {
    "awareness": _("new visitors"),
    "consideration": _("new leads"),
    "decision": _("newly qualified"),
    "action": _("new customers"),
}
WORDS: dict[str, Any] = {
    "awareness": _("Browsers that came to a tracked site for the first time in this period. Bots are not counted."),
    "consideration": _("People who became a contact in this period: by a form, an import, the API or by hand."),
    "decision": _("People who were qualified for the first time in this period, by marketing or by sales."),
    "action": _("People who became a customer for the first time in this period."),
}

#: How long a new installation is told what to do first
GUIDED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    label: Any
    who: Any
    words: Any
    count: int
    before: int  # in the period before
    rate: float | None  # of the step above

    @property
    def change(self) -> float | None:
        return change(self.count, self.before)


def funnel(period: Period) -> list[Step]:
    """How many reached each step for the first time in the period, and in the one before. Four statements."""
    now, then = _counts(period), _counts(period.before)
    out = []
    for position, name in enumerate(STEPS):
        above = now[STEPS[position - 1]] if position else 0
        rate = share(now[name], above) if position else None
        out.append(Step(name, LABELS[name], WHO[name], WORDS[name], now[name], then[name], rate))
    return out


def _counts(period: Period) -> dict[str, int]:
    out = {"awareness": new_visitors(period)}
    with connection.cursor() as cursor:
        # A person counts in a step when her first milestone of it lies in the period.
        cursor.execute(
            "SELECT v.name, count(*) FROM (SELECT s.name, m.person_id, min(m.at) AS at FROM insights_milestone m "
            "JOIN unnest(%s::text[], %s::text[]) AS s(name, step) USING (step) WHERE m.at < %s "
            "AND (m.at >= %s OR s.name = 'decision') GROUP BY 1, 2) v WHERE v.at >= %s GROUP BY 1",
            [*_steps(), period.until, period.since, period.since],
        )
        counts = dict(cursor.fetchall())
    return out | {name: int(counts.get(name, 0)) for name in REACHED}


def _steps() -> tuple[list[str], list[str]]:
    pairs = [(name, step) for name, steps in REACHED.items() for step in steps]
    return [name for name, _step in pairs], [step for _name, step in pairs]


def new_visitors(period: Period) -> int:
    """Browsers first seen in the period. `last_seen_at` has the index, and is never before `first_seen_at`."""
    return Visitor.objects.filter(
        last_seen_at__gte=period.since, first_seen_at__gte=period.since, first_seen_at__lt=period.until
    ).count()


def first_steps() -> list[tuple[str, bool]]:
    """What a new installation does first, and whether it is done: "site", "form", "journey", "mail". Empty when all of
    it is, and 30 days after the first user."""
    first = User.objects.order_by("pk").values_list("date_joined", flat=True).first()
    if first is None or first < clock.now() - GUIDED:
        return []
    found = [
        ("site", Visitor.objects.exists()),
        ("form", Form.objects.exists()),
        ("journey", Journey.objects.exclude(status="draft").exists()),
        ("mail", bool(delivery.server_url())),
    ]
    return [] if all(done for _name, done in found) else found


def visitors(period: Period, *, before: datetime | None = None, limit: int = 50) -> list[Visitor]:
    """The browsers behind the number, newest first; `before`: first_seen_at of the last one shown."""
    rows = Visitor.objects.filter(
        last_seen_at__gte=period.since, first_seen_at__gte=period.since, first_seen_at__lt=period.until
    )
    if before is not None:
        rows = rows.filter(first_seen_at__lt=before)
    return list(rows.order_by("-first_seen_at", "-visitor_id")[:limit])


@dataclass(frozen=True, slots=True)
class Daily:
    days: list[date]
    visitors: list[int]
    leads: list[int]


def daily(period: Period, zone: str) -> Daily:
    """New visitors and new leads of each day, in the workspace's time zone. Two statements."""
    tz = ZoneInfo(zone)
    first, last = period.since.astimezone(tz).date(), period.until.astimezone(tz).date()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (first_seen_at AT TIME ZONE %s)::date, count(*) FROM people_visitor "
            "WHERE last_seen_at >= %s AND first_seen_at >= %s AND first_seen_at < %s GROUP BY 1",
            [zone, period.since, period.since, period.until],
        )
        seen = dict(cursor.fetchall())
        cursor.execute(
            "SELECT (at AT TIME ZONE %s)::date, count(*) FROM insights_milestone "
            "WHERE step = 'lead' AND at >= %s AND at < %s GROUP BY 1",
            [zone, period.since, period.until],
        )
        leads = dict(cursor.fetchall())
    return Daily(days, [seen.get(d, 0) for d in days], [leads.get(d, 0) for d in days])


def sources(period: Period, most: int = MOST_SOURCES) -> list[tuple[str, int]]:
    """(source, new leads), most first; "" is no known source; what is beyond `most` is summed under "*"."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT source, count(*) FROM insights_milestone WHERE step = 'lead' AND at >= %s AND at < %s "
            "GROUP BY 1 ORDER BY 2 DESC, 1",
            [period.since, period.until],
        )
        rows = [(str(name), int(n)) for name, n in cursor.fetchall()]
    rest = sum(n for _name, n in rows[most:])
    return rows[:most] + ([(OTHERS, rest)] if rest else [])


@dataclass(frozen=True, slots=True)
class Money:
    """Deals of a period, sums per currency."""

    count: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pipeline:
    open: Money
    won: Money
    won_before: Money
    lost: int
    created: int
    win_rate: float | None  # of deals closed in the period
    cycle_days: float | None  # median, from created to won


def pipeline(period: Period) -> Pipeline:
    """The pipeline now, and what was won and lost in the period. Two statements."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.currency, count(*) FILTER (WHERE s.kind = 'open'), "
            "coalesce(sum(d.amount) FILTER (WHERE s.kind = 'open'), 0), "
            "count(*) FILTER (WHERE d.won_at >= %(since)s AND d.won_at < %(until)s), "
            "coalesce(sum(d.amount) FILTER (WHERE d.won_at >= %(since)s AND d.won_at < %(until)s), 0), "
            "count(*) FILTER (WHERE d.won_at >= %(earlier)s AND d.won_at < %(since)s), "
            "coalesce(sum(d.amount) FILTER (WHERE d.won_at >= %(earlier)s AND d.won_at < %(since)s), 0), "
            "count(*) FILTER (WHERE d.lost_at >= %(since)s AND d.lost_at < %(until)s), "
            "count(*) FILTER (WHERE d.created_at >= %(since)s AND d.created_at < %(until)s) "
            "FROM sales_deal d JOIN sales_pipelinestage s ON s.id = d.stage_id GROUP BY 1",
            {"since": period.since, "until": period.until, "earlier": period.before.since},
        )
        rows = cursor.fetchall()
        cursor.execute(
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM won_at - created_at)) "
            "FROM sales_deal WHERE won_at >= %s AND won_at < %s",
            [period.since, period.until],
        )
        seconds = cursor.fetchone()[0]
    lost = sum(row[7] for row in rows)
    won = _money(rows, 3)
    return Pipeline(
        open=_money(rows, 1),
        won=won,
        won_before=_money(rows, 5),
        lost=lost,
        created=sum(row[8] for row in rows),
        win_rate=share(won.count, won.count + lost),
        cycle_days=None if seconds is None else float(seconds) / 86400,
    )


def _money(rows: Sequence[tuple[Any, ...]], column: int) -> Money:
    return Money(sum(row[column] for row in rows), {row[0]: row[column + 1] for row in rows if row[column + 1]})


@dataclass(frozen=True, slots=True)
class MailLine:
    template_id: int
    name: str
    results: Results

    @property
    def opened(self) -> float | None:
        return share(self.results.opened, self.results.sent)

    @property
    def clicked(self) -> float | None:
        return share(self.results.clicked, self.results.sent)


def mails(period: Period, most: int = 8) -> list[MailLine]:
    """What mails of the period led to, the most sent first. Two statements."""
    found = results(None, period.since)
    names = dict(MailTemplate.objects.filter(pk__in=found).values_list("pk", "name"))
    lines = [MailLine(pk, names.get(pk, f"#{pk}"), got) for pk, got in found.items()]
    return sorted(lines, key=lambda line: (-line.results.sent, line.name))[:most]
