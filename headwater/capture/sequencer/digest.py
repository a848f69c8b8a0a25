"""What a batch of intake rows means: visitors seen, people recognised, facts recorded, bots set beside the log."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from headwater.capture import rules
from headwater.capture.rules import bots, events, places
from headwater.core import clock, wake
from headwater.messaging import queries as messaging
from headwater.people.actions import Identity, Visit, identify, see
from headwater.people.models import Contact, EmailClaim
from headwater.people.rules import Invalid, normalise_email
from headwater.timeline.actions import Custom, NewFact, record_anonymous, record_many

from ..models import BotEvent, IntakeRejected

EMAIL_FIELD = re.compile(r"e-?mail", re.I)
#: What a page's own script or form may fill in of a contact; never over what is there.
PAGE_FIELDS = ("first_name", "last_name", "name", "phone", "company", "job_title", "country", "city", "language")


@dataclass(slots=True)
class Row:
    """A row of the intake, and what becomes of it."""

    lane_key: int
    id: int
    received_at: datetime
    source: str
    visitor_id: int | None
    bot: str
    payload: dict[str, Any]
    context: dict[str, Any]
    at: datetime = field(init=False)
    key: UUID = field(init=False)
    said: events.Said = field(init=False)
    person_id: int | None = None

    @property
    def from_page(self) -> bool:
        return self.source.startswith("t:")

    @property
    def site_id(self) -> int | None:
        return int(self.source[2:]) if self.from_page else None

    @property
    def actor(self) -> str:
        return "visitor" if self.from_page else self.source


def digest(rows: list[Row]) -> None:
    """Give all rows their effect, in the caller's transaction; a constant number of statements for any batch.

    Raises on a row that cannot be digested: the caller finds out which one.
    """
    for row in rows:
        row.said = events.from_page(row.payload, row.site_id) if row.from_page else events.from_api(row.payload)
        row.at = _when(row)
        row.key = _key(row)
    fresh = _fresh(rows)
    _keep_bots([row for row in fresh if row.bot])
    humans = [row for row in fresh if not row.bot]
    humans, lost = _resolve(humans)
    reject(lost)
    people = [r for r in humans if r.person_id is not None and r.said.kind]
    record_many([NewFact(r.person_id or 0, Custom(r.said.kind, r.said.data), r.at, r.key, r.actor) for r in people])
    record_anonymous(
        [
            (r.visitor_id, r.at, r.key, r.said.kind, r.said.data)
            for r in humans
            if r.person_id is None and r.visitor_id is not None and r.said.kind
        ]
    )
    _count_sites(fresh)
    if any(r.visitor_id is not None for r in humans):
        wake.publish("visitors")


def _when(row: Row) -> datetime:
    """When it happened, by the sender's word (the collector let through only what can be)."""
    if row.payload.get("at"):
        return datetime.fromisoformat(row.payload["at"])
    return row.received_at - timedelta(milliseconds=row.payload.get("age", 0))


def _key(row: Row) -> UUID:
    client_id = row.payload.get("id")
    if client_id is None:
        return rules.row_key(row.lane_key, row.id)
    who = row.visitor_id or row.payload.get("contact_id") or rules.identity_key(row.payload.get("email") or "")
    return rules.event_key(row.source, who, client_id)


def _fresh(rows: list[Row]) -> list[Row]:
    """Rows whose event was not sequenced before. Events that their sender gave no id are always new."""
    named = {(r.lane_key, r.key): r for r in reversed(rows) if "id" in r.payload}
    if not named:
        return rows
    keys = sorted(named)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO capture_intakeseen (lane_key, key, seen_at) SELECT l, k, %s FROM unnest(%s::bigint[], "
            "%s::uuid[]) AS n(l, k) ON CONFLICT DO NOTHING RETURNING lane_key, key",
            [clock.now(), [lane for lane, _ in keys], [key for _, key in keys]],
        )
        new = {id(named[lane, key]) for lane, key in cursor.fetchall()}
    return [r for r in rows if "id" not in r.payload or id(r) in new]


def _keep_bots(rows: list[Row]) -> None:
    BotEvent.objects.bulk_create(
        [
            BotEvent(
                visitor_id=r.visitor_id or 0,
                at=r.at,
                id=r.key,
                site_id=r.site_id,
                kind=r.said.kind or "identify",
                data=r.said.data,
                reason=r.bot,
                user_agent=str(r.context.get("ua", ""))[:300],
            )
            for r in rows
        ],
        ignore_conflicts=True,
    )


def _resolve(rows: list[Row]) -> tuple[list[Row], list[tuple[Row, str]]]:
    """Find each row's person. Returns the rows, and those that name somebody who cannot be, with the reason."""
    lost = _lost(rows)
    gone = {id(row) for row, _ in lost}
    rows = [r for r in rows if id(r) not in gone]
    known = see(_visits(rows))
    wanted = [(n, wish) for n, r in enumerate(rows) if (wish := _identity(r)) is not None]
    found = _identified(rows, wanted)
    later: dict[int, list[tuple[int, int]]] = defaultdict(list)  # visitor -> (row number, person)
    for n, person in found.items():
        rows[n].person_id = person
        visitor = rows[n].visitor_id
        if visitor is not None:
            later[visitor].append((n, person))
    for n, row in enumerate(rows):
        if row.person_id is None and row.visitor_id is not None:
            row.person_id = _at_the_time(n, known.get(row.visitor_id), sorted(later.get(row.visitor_id, ())))
    return rows, lost


def _at_the_time(number: int, before: int | None, changes: Sequence[tuple[int, int]]) -> int | None:
    """Whose the browser was at a row: the last one who identified herself up to then, or who it was before, or
    (it was nobody's) the first one who does so in this batch."""
    past = [person for n, person in changes if n <= number]
    if past:
        return past[-1]
    return before if before is not None or not changes else changes[0][1]


def _lost(rows: list[Row]) -> list[tuple[Row, str]]:
    wanted = {r.payload["contact_id"] for r in rows if r.payload.get("contact_id")}
    there = set(Contact.objects.filter(pk__in=wanted).values_list("pk", flat=True)) if wanted else set()
    out = []
    for r in rows:
        contact, email = r.payload.get("contact_id"), r.payload.get("email")
        if not r.from_page and contact and contact not in there:
            out.append((r, f"there is no contact {contact}"))
        elif not r.from_page and email and not contact and _address(email) is None:
            out.append((r, f"{email} is not an e-mail address"))
    return out


def _address(text: str) -> str | None:
    try:
        return normalise_email(text)
    except Invalid:
        return None


def _visits(rows: Iterable[Row]) -> list[Visit]:
    """One Visit for each browser of the batch: first page of it as origin, last page of it as where she is."""
    groups: dict[int, list[Row]] = defaultdict(list)
    for r in rows:
        if r.visitor_id is not None:
            groups[r.visitor_id].append(r)
    out = []
    for visitor, group in groups.items():
        views = sorted((r for r in group if r.said.is_view), key=lambda r: r.at)
        last, context = (views or group)[-1], group[-1].context
        origin = {}
        if views:
            first = views[0].said.data
            origin = events.origin_of(first.get("url", ""), first.get("referrer", ""), views[0].at.isoformat())
        out.append(
            Visit(
                visitor_id=visitor,
                at=max(r.at for r in group),
                path=last.said.path if views else "",
                title=last.said.title,
                views=len(views),
                origin=origin,
                country=places.country_of(str(context.get("tz", ""))),
                device=bots.device(str(context.get("ua", ""))),
                site_id=last.site_id,
            )
        )
    return out


def _identity(row: Row) -> Identity | None:
    """Who a row says its sender is, None where it does not."""
    p = row.payload
    make: Callable[..., Identity] = lambda **more: Identity(  # noqa: E731
        visitor_id=row.visitor_id, actor=row.actor, at=row.at, **more
    )
    if not row.from_page:
        if p.get("contact_id"):
            return make(person_id=p["contact_id"], fields=p.get("fields", {}), email=p.get("email") or "", how="API")
        return make(email=p["email"], fields=p.get("fields", {}), how="API", source="API") if p.get("email") else None
    fields = {k: v for k, v in p.get("fields", {}).items() if k in PAGE_FIELDS}
    if p["type"] == "identify":
        if p.get("token"):
            person = messaging.person_of_token(p["token"])
            return make(person_id=person, how="mail link") if person else None
        return make(email=p["email"], fields=fields, how="sign-in", source=f"site:{row.site_id}")
    if p["type"] == "form":
        named = next((v for k, v in p.get("fields", {}).items() if EMAIL_FIELD.search(k) and _address(v)), "")
        return make(email=named, fields=fields, how="form", source=p["form"]) if named else None
    return None


def _identified(rows: list[Row], wanted: list[tuple[int, Identity]]) -> dict[int, int]:
    """Row number -> person. Addresses that are known and bring nothing new need no identify."""
    plain = {n: _address(w.email) for n, w in wanted if w.email and not w.fields and w.visitor_id is None}
    owners = dict(EmailClaim.objects.filter(email__in=set(plain.values())).values_list("email", "person_id"))
    out = {n: owners[email] for n, email in plain.items() if email in owners}
    for n, w in wanted:
        if w.person_id and not w.fields and not w.email and w.visitor_id is None:
            out[n] = w.person_id
    rest = [(n, w) for n, w in wanted if n not in out]
    people = identify([w for _, w in rest], strict=False)
    return out | {rest[i][0]: person for i, person in people.items()}


def _count_sites(rows: Sequence[Row]) -> None:
    sites = sorted({r.site_id for r in rows if r.site_id is not None})
    if not sites:
        return
    human = Counter(r.site_id for r in rows if not r.bot)
    bot = Counter(r.site_id for r in rows if r.bot)
    latest = max(r.received_at for r in rows)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE capture_site s SET events = s.events + n.h, bot_events = s.bot_events + n.b, first_event_at = "
            "coalesce(s.first_event_at, %s), last_event_at = greatest(s.last_event_at, %s) FROM (SELECT c.id, x.h, x.b "
            "FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS x(i, h, b) JOIN capture_site c ON c.id = x.i "
            "ORDER BY c.id FOR UPDATE OF c) n WHERE s.id = n.id",
            [latest, latest, sites, [human[s] for s in sites], [bot[s] for s in sites]],
        )


def reject(rows: Sequence[tuple[Row, str]]) -> None:
    """Set rows aside with their reasons."""
    now = clock.now()
    IntakeRejected.objects.bulk_create(
        [
            IntakeRejected(
                lane_key=row.lane_key,
                id=row.id,
                received_at=row.received_at,
                rejected_at=now,
                reason=reason[:2000],
                row={
                    "source": row.source,
                    "visitor_id": row.visitor_id,
                    "bot": row.bot,
                    "payload": row.payload,
                    "context": row.context,
                },
            )
            for row, reason in rows
        ]
    )
