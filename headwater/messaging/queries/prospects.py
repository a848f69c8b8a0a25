"""What would become of mails that nobody sends: for a journey that is held against the past.

The gates are those of `actions.queue`, asked as of a moment of the past where the ledger and the list of suppressed
addresses know it. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from headwater.content.queries import contexts
from headwater.content.rules import MissingField, TemplateProblem, prune, render
from headwater.core import clock

from ..models import MailTemplate, Suppression
from ..rules import compose, texting
from ..rules.tokens import email_digest
from . import browsers, gates
from .templates import sources

#: (sent, opened, clicked) of a mail that really went out
Fate = tuple[datetime, datetime | None, datetime | None]


@dataclass(slots=True)
class Prospect:
    """One person as the gates see her. sent: when she really got marketing messages, by channel."""

    values: dict[str, Any]
    email: str
    #: The address and the number -> why they must not be written to, and since when
    blocked: dict[str, tuple[str, datetime]]
    consenting: bool
    sent: dict[str, list[datetime]]
    fates: dict[int, list[Fate]]
    missing: dict[int, str | None] = field(default_factory=dict)
    #: Does a browser of hers take push messages today?
    device: bool = False

    def address(self, channel: str) -> str:
        """Where a message of that channel goes."""
        if channel == "push":
            return "browser" if self.device else ""
        return str(self.values["contact"].get("phone", "")) if channel == "sms" else self.email


class Prospects:
    """Many people and the mails they might get, in a constant number of statements. leaving_out: the actor whose own
    mails do not count, because they are what is being asked about."""

    def __init__(self, person_ids: Sequence[int], template_ids: Sequence[int], since: datetime, leaving_out: str):
        self.templates = {t.pk: t for t in MailTemplate.objects.filter(pk__in=template_ids, archived_at__isnull=True)}
        self.sources = sources((t.pk, t.version) for t in self.templates.values())
        channels = {"email", *(t.channel for t in self.templates.values())}
        self.caps = {channel: gates.policy(channel) for channel in sorted(channels)}
        values = contexts(person_ids)
        consent = gates.consenting(person_ids)
        texts = "sms" in channels
        blocked = _suppressed(a for v in values.values() for a in _addresses(v, texts))
        lookback = timedelta(days=max((cap.days for cap in self.caps.values() if cap), default=0))
        devices = browsers.taking(person_ids) if "push" in channels else {}
        sent, fates = _ledger(person_ids, list(self.templates), since, since - lookback, leaving_out)
        self.people = {
            pk: Prospect(
                base, base["contact"].get("email", ""),
                {a: blocked[a] for a in _addresses(base, texts) if a in blocked}, pk in consent,
                sent.get(pk, {}), fates.get(pk, {}), device=pk in devices,
            )
            for pk, base in values.items()
        }  # fmt: skip

    def marketing(self, template_id: int, purpose: str) -> bool:
        """Does a mail of this template, asked for with this purpose, need consent?"""
        template = self.templates.get(template_id)
        return "marketing" in (template.purpose if template else "", purpose)

    def refusal(
        self,
        person_id: int,
        template_id: int,
        purpose: str,
        at: datetime,
        consenting: bool,
        mine: Sequence[datetime],
        event: Mapping[str, Any],
    ) -> str | None:
        """Why this mail would be refused at that moment; None: it would go out. mine: marketing mails to her that
        would have gone out besides those of the ledger; event: what the mail may say of its cause."""
        found, template = self.people.get(person_id), self.templates.get(template_id)
        source = self.sources.get((template.pk, template.version)) if template else None
        if found is None or source is None:
            return "no_person" if found is None else "no_template"
        marketing = self.marketing(template_id, purpose)
        channel = source.channel
        if why := _unreachable(channel, address := found.address(channel)):
            return why
        blocked = found.blocked.get(address)
        if blocked and blocked[1] <= at and (marketing or blocked[0] not in gates.MARKETING_ONLY):
            return "suppressed"
        if marketing and not consenting:
            return "no_consent"
        if marketing and (cap := self.caps.get(channel)):
            after = at - timedelta(days=cap.days)
            if sum(after < moment <= at for moment in (*found.sent.get(channel, ()), *mine)) >= cap.mails:
                return "cap"
        if "event." in source.probe:
            return _unrendered(source, found.values, marketing, {"event": prune(event)})
        if template_id not in found.missing:
            found.missing[template_id] = _unrendered(source, found.values, marketing, {})
        return found.missing[template_id]


def _addresses(values: Mapping[str, Any], texts: bool) -> list[str]:
    contact = values["contact"]
    return [contact.get("email", ""), *([contact.get("phone", "")] if texts else [])]


def _unreachable(channel: str, address: str) -> str:
    if channel == "sms":
        return texting.problem(address)
    return "" if address else ("no_device" if channel == "push" else "no_address")


def _unrendered(source: compose.Source, values: dict[str, Any], marketing: bool, extra: dict[str, Any]) -> str | None:
    try:
        # The tags of the subject are among them.
        render(source.probe, compose.values(values, extra, marketing=marketing))
    except MissingField as missing:
        return f"missing_field:{missing.name}"[:120]
    except TemplateProblem:
        return "template"
    return None


def _suppressed(emails: Iterable[str]) -> dict[str, tuple[str, datetime]]:
    digests = {email_digest(e): e for e in emails if e}
    rows = Suppression.objects.filter(digest__in=list(digests)).values_list("digest", "reason", "at")
    return {digests[d]: (reason, at) for d, reason, at in rows}


def _ledger(
    people: Sequence[int], templates: Sequence[int], since: datetime, capped_since: datetime, leaving_out: str
) -> tuple[dict[int, dict[str, list[datetime]]], dict[int, dict[int, list[Fate]]]]:
    """When each really got marketing messages, and what she did with those of these templates."""
    sent: dict[int, dict[str, list[datetime]]] = {}
    fates: dict[int, dict[int, list[Fate]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, template_id, queued_at, purpose, actor, sent_at, opened_at, clicked_at, channel "
            "FROM messaging_message WHERE person_id = ANY(%s::bigint[]) AND queued_at > %s "
            "AND status IN ('queued', 'sending', 'sent') ORDER BY person_id, queued_at",
            [list(people), min(since, capped_since)],
        )
        for person, template, queued, purpose, actor, sent_at, opened, clicked, channel in cursor.fetchall():
            if purpose == "marketing" and actor != leaving_out:
                sent.setdefault(person, {}).setdefault(channel, []).append(queued)
            if sent_at is not None and template in templates and queued >= since:
                fates.setdefault(person, {}).setdefault(template, []).append((sent_at, opened, clicked))
    return sent, fates


@dataclass(frozen=True, slots=True)
class Response:
    """How people answered mails: how many were sent, opened and clicked, and after how many seconds (the median)."""

    sent: int = 0
    opened: int = 0
    clicked: int = 0
    opened_after: int = 0
    clicked_after: int = 0


def responses(template_ids: Sequence[int], days: int) -> dict[int, Response]:
    """template id -> Response of the last days; 0: of all marketing mails. Two statements."""
    columns = (
        "count(*), count(opened_at), count(clicked_at), "
        "coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM opened_at - sent_at)), 0)::int, "
        "coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM clicked_at - sent_at)), 0)::int "
        "FROM messaging_message WHERE sent_at IS NOT NULL AND queued_at > %s"
    )
    since = clock.now() - timedelta(days=days)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT template_id, {columns} AND template_id = ANY(%s::bigint[]) GROUP BY template_id",
            [since, list(template_ids)],
        )
        found = {row[0]: Response(*row[1:]) for row in cursor.fetchall()}
        cursor.execute(f"SELECT {columns} AND purpose = 'marketing' AND channel = 'email'", [since])
        return found | {0: Response(*cursor.fetchone())}
