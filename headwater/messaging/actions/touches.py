"""Opens and clicks: counted in the ledger, recorded as facts, humans told from machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.db import connection

from headwater.core import clock, wake
from headwater.core.facts import Fact
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..facts import MailClicked, MailOpened, MailScanned, PushClicked, TextClicked

#: The pixel loaded again within this time is the same look (proxies and previews fetch twice)
SAME_LOOK = timedelta(seconds=60)
#: A later look is a fact of its own only after this long
NEW_LOOK = timedelta(minutes=30)
#: A click on the mail again within this time is a double click
SAME_CLICK = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Touch:
    """Somebody or something loaded the pixel or followed a link. machine: why it is one ("" for a human)."""

    person_id: int
    message_id: UUID
    kind: Literal["open", "click"]
    at: datetime | None = None
    link: int = 0
    url: str = ""
    machine: str = ""


@dataclass(slots=True)
class _Row:
    """A message's counters while touches are added to it."""

    template_id: int
    subject: str
    opened_at: datetime | None
    last_open_at: datetime | None
    opens: int
    clicked_at: datetime | None
    last_click_at: datetime | None
    clicks: int
    scans: int
    channel: str


def record_touches(touches: Sequence[Touch]) -> int:
    """Count touches and record their facts, for any number of people in a constant number of statements.

    A human's click is an opening, too (she may have pictures switched off). Machines are counted apart and recorded
    quietly. Touches of messages that are not in the ledger are left out. Returns how many counted.
    """
    if not touches:
        return 0
    now = clock.now()
    with in_lane(*{t.person_id for t in touches}):
        rows = _load({(t.person_id, t.message_id) for t in touches})
        facts: list[NewFact] = []
        counted = 0
        for t in touches:
            row = rows.get((t.person_id, t.message_id))
            if row is not None:
                made = _count(t, row, t.at or now)
                counted += bool(made)
                # An opening that a click implies stands before the click.
                moments = [(t.at or now) - timedelta(microseconds=n) for n in reversed(range(len(made)))]
                facts += [
                    NewFact(t.person_id, f, moment, actor="visitor")
                    for f, moment in zip(made, moments, strict=True)
                    if f is not None
                ]
        _save(rows)
        record_many(facts)
        if counted:
            wake.publish("mail")
    return counted


def _count(t: Touch, row: _Row, at: datetime) -> list[Fact | None]:
    """What this touch adds to the row; a None stands for a touch that counts without a fact."""
    message, template, subject = str(t.message_id), row.template_id, row.subject
    if t.machine:
        row.scans += 1
        if row.channel != "email":
            return [None]
        return [MailScanned(message=message, template=template, subject=subject, what=t.kind, why=t.machine)]
    out: list[Fact | None] = []
    if row.channel != "email":
        return _followed(t, row, at)
    opened = MailOpened(message=message, template=template, subject=subject, first=row.opened_at is None)
    if t.kind == "open" or row.opened_at is None:
        since = at - row.last_open_at if row.last_open_at else None
        if since is None or since > SAME_LOOK:
            row.opens += 1
            row.opened_at = row.opened_at or at
            row.last_open_at = at
            out.append(opened if since is None or since > NEW_LOOK else None)
    if t.kind == "click":
        if row.last_click_at and at - row.last_click_at < SAME_CLICK:
            return out
        first = row.clicked_at is None
        row.clicks += 1
        row.clicked_at = row.clicked_at or at
        row.last_click_at = at
        out.append(
            MailClicked(message=message, template=template, subject=subject, url=t.url, link=t.link, first=first)
        )
    return out


def _followed(t: Touch, row: _Row, at: datetime) -> list[Fact | None]:
    """The same of a text and of a push message: nobody can say whether one was read, so a click opens nothing."""
    if t.kind != "click" or (row.last_click_at and at - row.last_click_at < SAME_CLICK):
        return []
    first = row.clicked_at is None
    row.clicks += 1
    row.clicked_at = row.clicked_at or at
    row.last_click_at = at
    about: dict[str, Any] = {"message": str(t.message_id), "template": row.template_id, "subject": row.subject}
    clicked = PushClicked if row.channel == "push" else TextClicked
    return [clicked(**about, url=t.url, link=t.link, first=first)]


def _load(keys: set[tuple[int, UUID]]) -> dict[tuple[int, UUID], _Row]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.person_id, m.id, m.template_id, m.subject, m.opened_at, m.last_open_at, m.opens, m.clicked_at, "
            "m.last_click_at, m.clicks, m.scans, m.channel FROM messaging_message m "
            "JOIN unnest(%s::bigint[], %s::uuid[]) AS k(person_id, id) USING (person_id, id)",
            [[p for p, _ in keys], [m for _, m in keys]],
        )
        return {(r[0], r[1]): _Row(*r[2:]) for r in cursor.fetchall()}


def _save(rows: dict[tuple[int, UUID], _Row]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_message m SET opened_at = k.opened_at, last_open_at = k.last_open_at, opens = k.opens, "
            "clicked_at = k.clicked_at, last_click_at = k.last_click_at, clicks = k.clicks, scans = k.scans "
            "FROM unnest(%s::bigint[], %s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::int[], "
            "%s::timestamptz[], %s::timestamptz[], %s::int[], %s::int[]) AS k(person_id, id, opened_at, last_open_at, "
            "opens, clicked_at, last_click_at, clicks, scans) WHERE m.person_id = k.person_id AND m.id = k.id",
            [
                [p for p, _ in rows],
                [m for _, m in rows],
                [r.opened_at for r in rows.values()],
                [r.last_open_at for r in rows.values()],
                [r.opens for r in rows.values()],
                [r.clicked_at for r in rows.values()],
                [r.last_click_at for r in rows.values()],
                [r.clicks for r in rows.values()],
                [r.scans for r in rows.values()],
            ],
        )
