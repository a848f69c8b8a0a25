# ruff: noqa: E501
"""What customers asked of the service desk: tickets of the past, some of this week, and what was said in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from headwater.service.actions import EntrySeed, TicketSeed, create_queue, ensure_queue, import_tickets
from headwater.service.models import Ticket, TicketQueue
from headwater.service.rules import number_of

from .furniture import ACTOR, Furniture
from .lives import Life, new_id

SEED = 20_261_123
#: How many stand open now, of what status and since how many hours
OPEN_NOW: tuple[tuple[str, float], ...] = (
    ("new", 0.4), ("new", 2.5), ("new", 26), ("open", 5), ("open", 49), ("open", 75), ("pending", 30), ("pending", 98),
    ("open", 120), ("new", 1.2), ("pending", 52), ("open", 21),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A question as it comes up: about what, how urgent, what is said; the first reply comes after so many hours."""

    subject: str
    text: str
    kind: str
    priority: str
    reply: str
    answer: str = ""
    end: str = ""
    note: str = ""


CASES: tuple[Case, ...] = (
    Case("Till import stops at row 4,000", "Since Monday the nightly import from our tills ends at about 4,000 rows. The log says nothing.", "technical", "high", "Thank you for the file. The import stumbles over a line break in an article name; a fix goes out tonight.", "It ran through this morning. Thank you!", "Glad to hear. I close this.", "Same parser as in **T-1004**. Told the team."),
    Case("Forecast for fresh food looks too low", "The forecast for salads is 30 % below what we sell since the weather turned.", "technical", "normal", "The model saw only one summer so far. I switched the weather signal on for your region; the numbers follow tomorrow.", "Looks right now.", "Good. Write any time."),
    Case("Invoice to another address", "Please send our invoices to the head office from now on.", "commercial", "low", "Done: the next invoice goes to the head office.", "", "All set."),
    Case("How do I add a second country?", "We open in Austria in spring. Do we need a second account?", "commercial", "normal", "No: one account holds any number of countries. I sent you the two pages that show how.", "Found it, thank you.", "You are welcome."),
    Case("Dashboard is empty for store 17", "Everybody sees the numbers but the colleagues of store 17.", "technical", "high", "Their role lacked the region North. They should see everything after signing in again.", "Yes, it works.", "Good."),
    Case("Nobody can sign in", "All our users get an error since nine o'clock.", "technical", "urgent", "We see it as well and are on it. I write again within the hour.", "It works again. What was it?", "A certificate had run out. It renews itself now; we are sorry.", "Root cause: certificate of the sign-in host."),
    Case("Export to Excel loses the umlauts", "Köln becomes KÃ¶ln in the exported file.", "technical", "normal", "Open it with *Data, From text* and choose UTF-8; from next week the file says so by itself.", "", "The export says its encoding now."),
    Case("Two more seats", "We need two more seats from the first of the month.", "commercial", "normal", "They are there. The price per seat stays.", "Great.", "Have fun with it."),
    Case("API key stopped working", "Our key answers 401 since yesterday.", "technical", "high", "It was revoked by one of your administrators on Tuesday. A new one takes a minute: Settings, Keys.", "Ah, that was us. Sorry!", "No harm done."),
    Case("Can the weekly report come on Friday?", "Our meeting moved to Friday noon.", "other", "low", "It comes on Friday at eight now.", "", "Done."),
    Case("Wrong currency on the offer", "The renewal offer is in dollars; we pay in euro.", "commercial", "high", "That was my mistake. The right one is in your inbox.", "Got it, thank you.", "Thank you for the patience."),
    Case("Stock levels lag by a day", "What the page shows is yesterday's stock.", "technical", "normal", "Your connector runs at night only. Shall I set it to hourly?", "Yes please.", "It runs every hour from now on."),
)  # fmt: skip


def tickets(people: Sequence[tuple[int, Life]], company_ids: Sequence[int], had: Furniture, now: datetime) -> None:
    """Write tickets, and tell of them on the timelines (the lives' facts are written later)."""
    rng = Random(SEED)
    support = ensure_queue()
    billing = create_queue(name="Billing", actor=ACTOR)
    agent, second = had.users["sam@demo.example"].pk, had.users["rafael@demo.example"].pk
    seeds: list[tuple[Life, TicketSeed, Case]] = []
    for pk, life, at, case, status in _asked(rng, people, now):
        queue = billing if case.kind == "commercial" else support
        mate = second if case.kind == "commercial" and rng.random() < 0.5 else agent
        seed = _seed(rng, pk, company_ids[life.company], at, case, status, queue, mate, now)
        seeds.append((life, seed, case))
    seeds.sort(key=lambda row: (row[1].created_at, row[1].person_id or 0))
    ids = import_tickets([seed for _life, seed, _case in seeds])
    made = Ticket.objects.in_bulk(ids)
    names = {user.pk: user.name for user in had.users.values()}
    for pk, (life, seed, _case) in zip(ids, seeds, strict=True):
        for at, kind, data, actor in _told(made[pk], seed, names, now):
            life.facts.append((at, new_id(rng), kind, data, actor))


def _asked(
    rng: Random, people: Sequence[tuple[int, Life]], now: datetime
) -> Iterable[tuple[int, Life, datetime, Case, str]]:
    """Who asked when what: customers since they are some, a few others; and what stands open now."""
    customers = [(pk, life) for pk, life in people if life.stage == "customer" and life.stage_at is not None]
    others = [(pk, life) for pk, life in people if life.stage in ("sql", "opportunity", "mql")]
    for pk, life in customers:
        since = life.stage_at or now
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            at = since + (now - since) * rng.random()
            if now - at > timedelta(days=6):
                yield (
                    pk,
                    life,
                    _office(at, rng),
                    rng.choice(CASES),
                    "closed" if now - at > timedelta(days=30) else "solved",
                )
    askers = [*customers, *others] or list(people)
    for n, (status, hours) in enumerate(OPEN_NOW[: max(3, min(len(OPEN_NOW), len(people) // 20))]):
        pk, life = askers[(n * 7) % len(askers)]
        yield pk, life, now - timedelta(hours=hours), CASES[(n * 5 + 1) % len(CASES)], status


def _office(at: datetime, rng: Random) -> datetime:
    return at.replace(hour=rng.randrange(8, 18), minute=rng.randrange(60))


def _seed(
    rng: Random,
    pk: int,
    company: int,
    at: datetime,
    case: Case,
    status: str,
    queue: TicketQueue,
    mate: int,
    now: datetime,
) -> TicketSeed:
    actor, step = f"user:{mate}", timedelta(hours=rng.uniform(0.3, 5))
    said: list[EntrySeed] = []
    clock = at + step
    if case.note and status != "new":
        said.append(EntrySeed("note", case.note, clock - step / 2, actor))
    if status != "new" and clock < now:
        said.append(EntrySeed("reply", case.reply, clock, actor))
    if status == "open" and case.answer and clock + step < now:
        said.append(
            EntrySeed("answer", "Thank you. It does not work yet, though: we see the same again.", clock + step, actor)
        )
    if status in ("solved", "closed"):
        if case.answer:
            clock += timedelta(hours=rng.uniform(0.5, 8))
            said.append(EntrySeed("answer", case.answer, clock, actor))
        clock += timedelta(hours=rng.uniform(0.2, 9))
        said.append(EntrySeed("reply", case.end, clock, actor))
    said = [entry for entry in said if entry.at < now]
    ended = min(now, said[-1].at) if said and status not in ("new", "open") else None
    return TicketSeed(
        subject=case.subject,
        created_at=at,
        description=case.text,
        person_id=pk,
        company_id=company,
        kind=case.kind,
        queue_id=queue.pk,
        status=status,
        priority=case.priority,
        assignee_id=None if status == "new" and rng.random() < 0.6 else mate,
        source=rng.choice(("mail", "telephone", "form")),
        ended_at=ended,
        entries=said,
    )


Told = tuple[datetime, str, dict[str, Any], str]


def _told(ticket: Ticket, seed: TicketSeed, names: dict[int, str], now: datetime) -> list[Told]:
    """The facts of a ticket's past, as they would have been recorded."""
    base: dict[str, Any] = {"ticket": ticket.pk, "number": number_of(ticket.pk), "subject": ticket.subject}
    opened = {"ticket_kind": ticket.kind, "priority": ticket.priority, "source": ticket.source}
    out: list[Told] = [(seed.created_at, "ticket.opened", base | opened, ACTOR)]
    if ticket.assignee_id is not None:
        who = {"assignee": ticket.assignee_id, "assignee_name": names[ticket.assignee_id]}
        out.append((seed.created_at + timedelta(minutes=9), "ticket.assigned", base | who, ACTOR))
    kinds = {"reply": "ticket.replied", "answer": "ticket.answered", "note": "ticket.noted"}
    first = True
    for entry in seed.entries:
        more: dict[str, Any] = {} if entry.kind == "note" else {"text": entry.text}
        if entry.kind == "reply" and first:
            more["first"], first = True, False
        out.append((entry.at, kinds[entry.kind], base | more, entry.actor))
    for what, due, late in (
        ("reply", ticket.reply_due_at, ticket.reply_late),
        ("solution", ticket.solution_due_at, ticket.solution_late),
    ):
        if late and due is not None:
            out.append((due, "ticket.overdue", base | {"what": what, "due": due.isoformat()}, "system"))
    if seed.ended_at is not None and seed.status in ("solved", "closed"):
        minutes = int((seed.ended_at - seed.created_at).total_seconds() // 60)
        solved = {"before": "open", "minutes": minutes, "in_time": not ticket.solution_late}
        out.append((seed.ended_at, "ticket.solved", base | solved, f"user:{ticket.assignee_id}"))
    elif seed.status in ("open", "pending") and seed.entries:
        at = seed.entries[-1].at
        out.append(
            (at, "ticket.status_changed", base | {"before": "new", "after": seed.status}, seed.entries[-1].actor)
        )
    return [row for row in out if row[0] <= now]
