"""Putting texts (SMS) on their way, or saying why not: what `queue` does for mails."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from headwater.content.queries import contexts
from headwater.content.rules import MissingField, TemplateProblem, prune
from headwater.core import clock, crash, wake
from headwater.core.lanes import lane_key
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..facts import TextQueued, TextRefused
from ..queries import gates
from ..queries.templates import sendable, sources
from ..rules import compose, texting
from ..rules.compose import Source
from ..rules.tokens import new_id
from . import outbox
from .queue import made_before
from .requests import MailRequest, Outcome


@dataclass(frozen=True, slots=True)
class Decision:
    """A request that was not made before, with what becomes of it."""

    request: MailRequest
    message_id: UUID
    source: Source
    purpose: str
    number: str
    words: str
    refused: str | None


def queue_texts(requests: Sequence[MailRequest]) -> list[Outcome]:
    """Queue texts for any number of people in a constant number of statements; one Outcome per request, in order.

    As `queue`: idempotent by (person_id, key), and a refusal is a row and a fact with its reason. Beside a mail's
    reasons there are "no_number", "invalid_number" and "not_mobile".
    """
    if not requests:
        return []
    first: dict[tuple[int, str], MailRequest] = {}
    for request in requests:
        first.setdefault((request.person_id, request.key[:200]), request)
    with in_lane(*{person for person, _ in first}):
        done = made_before(list(first))
        decisions, unknown = _decide([r for k, r in first.items() if k not in done])
        _write(decisions)
        crash.point("text.queued")
    for d in decisions:
        done[(d.request.person_id, d.request.key[:200])] = Outcome(d.request.person_id, d.message_id, d.refused)
    done |= {(o.person_id, k): o for k, o in unknown}
    return [done[(r.person_id, r.key[:200])] for r in requests]


def _decide(requests: list[MailRequest]) -> tuple[list[Decision], list[tuple[str, Outcome]]]:
    """Decisions, and outcomes of requests about people or templates that do not exist: (key, outcome)."""
    if not requests:
        return [], []
    people = list({r.person_id for r in requests})
    templates = sendable({r.template_id for r in requests}, "sms")
    found = sources((pk, version) for pk, (version, _) in templates.items())
    values = contexts(people)
    consent = gates.consenting(people, "sms")
    blocked = gates.suppressed(v["contact"].get("phone", "") for v in values.values())
    cap = gates.policy("sms")
    sent = gates.recent_marketing(people, cap, "sms") if cap else {}
    decisions: list[Decision] = []
    unknown: list[tuple[str, Outcome]] = []
    for request in requests:
        version, kept_for = templates.get(request.template_id, (0, ""))
        source, base = found.get((request.template_id, version)), values.get(request.person_id)
        if source is None or base is None:
            why = "no_person" if base is None else "no_template"
            unknown.append((request.key[:200], Outcome(request.person_id, None, why)))
            continue
        marketing = "marketing" in (kept_for, request.purpose)
        number = base["contact"].get("phone", "")
        refused = refusal(request.person_id, number, marketing, consent, blocked)
        if refused is None and cap and marketing and sent.get(request.person_id, 0) >= cap.mails:
            refused = "cap"
        words, refused = _words(source, base, request.context, marketing, refused)
        if refused is None and marketing:
            sent[request.person_id] = sent.get(request.person_id, 0) + 1
        purpose = "marketing" if marketing else "transactional"
        decisions.append(Decision(request, new_id(clock.now()), source, purpose, number, words, refused))
    return decisions, unknown


def refusal(person: int, number: str, marketing: bool, consent: set[int], blocked: dict[str, str]) -> str | None:
    """Why no text may go to her: her number, the list of those that must not be written to, consent."""
    if problem := texting.problem(number):
        return problem
    if number in blocked and (marketing or blocked[number] not in gates.MARKETING_ONLY):
        return "suppressed"
    return "no_consent" if marketing and person not in consent else None


def _words(
    source: Source, base: dict[str, Any], extra: dict[str, Any], marketing: bool, refused: str | None
) -> tuple[str, str | None]:
    """(what it says, why it is refused): where a value is missing that is the reason, unless there is one already."""
    context = compose.values(base, prune(extra), marketing=marketing)
    if refused is None:
        try:
            return compose.check(source, context), None
        except MissingField as missing:
            refused = f"missing_field:{missing.name}"[:120]
        except TemplateProblem:
            refused = "template"
    return compose.readable_subject(source, context), refused


def _write(decisions: list[Decision]) -> None:
    if not decisions:
        return
    now = clock.now()
    rows = [
        (
            d.request.person_id, d.message_id, d.request.key[:200], d.source.template_id, d.source.version, d.purpose,
            d.request.actor, d.number, d.words[:300], json.dumps(prune(d.request.context)),
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
            "INSERT INTO messaging_message (person_id, id, key, template_id, version, purpose, channel, actor, email, "
            "subject, header_id, context, status, reason, error, attempts, uncertain, queued_at, opens, clicks, scans) "
            "SELECT p, i, k, t, v, u, 'sms', a, e, s, '', c, st, r, '', 0, false, %s, 0, 0, 0 FROM unnest("
            "%s::bigint[], %s::uuid[], %s::text[], %s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], "
            "%s::text[], %s::jsonb[], %s::text[], %s::text[]) AS n(p, i, k, t, v, u, a, e, s, c, st, r)",
            [now, *map(list, zip(*rows, strict=True))],
        )
    outbox.insert(due, outbox.TEXTS)
    record_many(
        [NewFact(d.request.person_id, _fact(d), now, d.message_id, d.request.actor, fresh=True) for d in decisions]
    )
    wake.notify(["mail"])


def _fact(d: Decision) -> TextQueued | TextRefused:
    message, template, words = str(d.message_id), d.source.template_id, d.words[:300]
    if d.refused:
        return TextRefused(message=message, template=template, subject=words, reason=d.refused)
    return TextQueued(message=message, template=template, subject=words, key=d.request.key[:200])
