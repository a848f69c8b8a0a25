"""Putting mails on their way, or saying why not."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from headwater.content.queries import contexts
from headwater.content.rules import MissingField, TemplateProblem, prune
from headwater.core import clock, crash, wake
from headwater.core.arrays import columns
from headwater.core.lanes import lane_key
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..facts import MailQueued, MailRefused
from ..queries import gates
from ..queries.templates import sendable, sources
from ..rules import compose
from ..rules.compose import Source
from ..rules.tokens import new_id
from . import outbox
from .requests import MailRequest, Outcome


@dataclass(frozen=True, slots=True)
class Decision:
    """A request that was not made before, with what becomes of it."""

    request: MailRequest
    message_id: uuid.UUID
    source: Source
    purpose: str
    email: str
    subject: str
    header_id: str
    refused: str | None


def queue(requests: Sequence[MailRequest]) -> list[Outcome]:
    """Queue mails for any number of people in a constant number of statements; one Outcome per request, in order.

    Idempotent by (person_id, key): a request made before gets the outcome it had then. Refusals are ledger rows and
    facts with their reason, never exceptions.
    """
    return once(requests, _take, "mail.queued")


def once(
    requests: Sequence[MailRequest], take: Callable[[list[MailRequest]], Iterable[tuple[str, Outcome]]], point: str
) -> list[Outcome]:
    """One Outcome per request, in order: of those made before what it was, of the others (the first of each person and
    key) what `take`, in their lanes, decides and writes: (key, outcome). point: where a test may kill it."""
    if not requests:
        return []
    first: dict[tuple[int, str], MailRequest] = {}
    for request in requests:
        first.setdefault((request.person_id, request.key[:200]), request)
    with in_lane(*{person for person, _ in first}):
        done = made_before(list(first))
        if new := [r for k, r in first.items() if k not in done]:
            done |= {(outcome.person_id, key): outcome for key, outcome in take(new)}
        crash.point(point)
    return [done[(r.person_id, r.key[:200])] for r in requests]


def _take(requests: list[MailRequest]) -> list[tuple[str, Outcome]]:
    decisions, unknown = _decide(requests)
    _write(decisions)
    return [(d.request.key[:200], Outcome(d.request.person_id, d.message_id, d.refused)) for d in decisions] + unknown


def made_before(keys: list[tuple[int, str]]) -> dict[tuple[int, str], Outcome]:
    """(person, key) -> the outcome that the request had when it was made first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.person_id, m.key, m.id, m.status, m.reason FROM messaging_message m "
            "JOIN unnest((SELECT %s::bigint[]), (SELECT %s::text[])) AS k(person_id, key) USING (person_id, key)",
            [[p for p, _ in keys], [k for _, k in keys]],
        )
        return {
            (p, k): Outcome(p, mid, reason if status == "refused" else None)
            for p, k, mid, status, reason in cursor.fetchall()
        }


def _decide(requests: list[MailRequest]) -> tuple[list[Decision], list[tuple[str, Outcome]]]:
    """Decisions, and outcomes of requests about people or templates that do not exist: (key, outcome)."""
    people = list({r.person_id for r in requests})
    templates = sendable({r.template_id for r in requests})
    found = sources((pk, version) for pk, (version, _) in templates.items())
    values = contexts(people)
    consent = gates.consenting(people)
    blocked = gates.suppressed(v["contact"].get("email", "") for v in values.values())
    cap = gates.policy()
    sent = gates.recent_marketing(people, cap) if cap else {}
    host = _host(next((v["workspace"] for v in values.values()), {}))
    decisions: list[Decision] = []
    unknown: list[tuple[str, Outcome]] = []
    for request in requests:
        version, kept_for = templates.get(request.template_id, (0, ""))
        source = found.get((request.template_id, version))
        base = values.get(request.person_id)
        if source is None or base is None:
            why = "no_person" if base is None else "no_template"
            unknown.append((request.key[:200], Outcome(request.person_id, None, why)))
            continue
        marketing = "marketing" in (kept_for, request.purpose)
        email = base["contact"].get("email", "")
        refused = _gate(request.person_id, email, marketing, consent, blocked)
        if refused is None and cap and marketing and sent.get(request.person_id, 0) >= cap.mails:
            refused = "cap"
        subject = source.subject
        if refused is None:
            refused, subject = _renders(source, base, request.context, marketing)
        if refused is not None:
            subject = compose.readable_subject(
                source, compose.values(base, prune(request.context), marketing=marketing)
            )
        elif marketing:
            sent[request.person_id] = sent.get(request.person_id, 0) + 1
        message_id = new_id(clock.now())
        decisions.append(
            Decision(
                request=request,
                message_id=message_id,
                source=source,
                purpose="marketing" if marketing else "transactional",
                email=email,
                subject=subject[:300],
                header_id=f"{message_id.hex}.{request.person_id}@{host}",
                refused=refused,
            )
        )
    return decisions, unknown


def _gate(person: int, email: str, marketing: bool, consent: set[int], blocked: dict[str, str]) -> str | None:
    if not email:
        return "no_address"
    if email in blocked and (marketing or blocked[email] not in gates.MARKETING_ONLY):
        return "suppressed"
    if marketing and person not in consent:
        return "no_consent"
    return None


def _renders(source: Source, base: dict[str, Any], extra: dict[str, Any], marketing: bool) -> tuple[str | None, str]:
    """(why it would not render or None, the subject)."""
    try:
        return None, compose.check(source, compose.values(base, prune(extra), marketing=marketing))
    except MissingField as missing:
        return f"missing_field:{missing.name}"[:120], source.subject
    except TemplateProblem:
        return "template", source.subject


def _host(workspace: dict[str, Any]) -> str:
    """The part of Message-IDs after the @: the sender's domain, else the installation's host."""
    if "@" in workspace.get("mail_from", ""):
        return str(workspace["mail_from"]).rsplit("@", 1)[1]
    return str(workspace.get("base_url", "")).split("//")[-1].split("/")[0].split(":")[0] or "localhost"


def _write(decisions: list[Decision]) -> None:
    if not decisions:
        return
    now = clock.now()
    rows = [
        (
            d.request.person_id, d.message_id, d.request.key[:200], d.source.template_id, d.source.version, d.purpose,
            d.request.actor, d.email, d.subject, d.header_id, json.dumps(prune(d.request.context)),
            "refused" if d.refused else "queued", d.refused or "",
        )
        for d in decisions
    ]  # fmt: skip
    due = [
        (
            lane_key(d.request.person_id), 1 if d.purpose == "marketing" else 0, max(d.request.at or now, now),
            d.request.person_id, d.message_id,
        )
        for d in decisions
        if d.refused is None
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messaging_message (person_id, id, key, template_id, version, purpose, actor, email, subject, "
            "header_id, context, status, reason, error, attempts, uncertain, queued_at, opens, clicks, scans) "
            "SELECT p, i, k, t, v, u, a, e, s, h, c, st, r, '', 0, false, %s, 0, 0, 0 FROM unnest(%s::bigint[], "
            "%s::uuid[], %s::text[], %s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[], "
            "%s::text[], %s::jsonb[], %s::text[], %s::text[]) AS n(p, i, k, t, v, u, a, e, s, h, c, st, r)",
            [now, *columns(rows)],
        )
    outbox.insert(due)
    record_many(
        [NewFact(d.request.person_id, _fact(d), now, d.message_id, d.request.actor, fresh=True) for d in decisions]
    )
    wake.notify(["mail"])


def _fact(d: Decision) -> MailQueued | MailRefused:
    message, template = str(d.message_id), d.source.template_id
    if d.refused:
        return MailRefused(message=message, template=template, subject=d.subject, reason=d.refused)
    return MailQueued(message=message, template=template, subject=d.subject, key=d.request.key[:200])
