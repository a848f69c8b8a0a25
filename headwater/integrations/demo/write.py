"""Writing lives down: through the owners' bulk actions, ids first, facts last, and no reaction hears any of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from headwater.audience.actions.history import PointsSeed, import_points
from headwater.capture.actions.history import SubmissionSeed, count_past_downloads, import_submissions
from headwater.capture.models import Form
from headwater.core import crash
from headwater.journeys.actions.history import PassageSeed, import_passages
from headwater.messaging.actions.history import MessageSeed, import_browsers, import_messages
from headwater.people.actions.history import (
    CompanySeed,
    ContactSeed,
    VisitorSeed,
    import_companies,
    import_contacts,
    import_visitors,
)
from headwater.sales.actions import DealSeed, HandoverSeed, import_deals, import_handovers
from headwater.teamwork.actions.history import CallSeed, NoteSeed, TaskSeed, import_calls, import_notes, import_tasks
from headwater.timeline import partitions
from headwater.timeline.actions import record_anonymous, record_history

from . import helping, pushing, texting, world
from .buying import orders
from .firms import Firm, addresses
from .furniture import ACTOR, CONSENT, Furniture
from .lives import Life, Sale, pick
from .telling import Teller

PER_COMPANY = 2.6
#: Browsers that never said who they are, for each person that did
STRANGERS = 3


def write(
    lives: Sequence[Life], companies: Sequence[Firm], had: Furniture, now: datetime, progress: Callable[[str], None]
) -> int:
    """Write everything. Returns how many facts there are."""
    partitions.ensure(now - timedelta(days=30 * 22))
    addresses(lives, companies)
    born: dict[int, datetime] = {}
    for life in lives:
        born[life.company] = min(life.born, born.get(life.company, now))
    customers = {life.company for life in lives if life.stage == "customer"}
    company_ids = import_companies(
        [
            CompanySeed(
                f.name, f.domain, f.industry, f.size, f.place.country, f.city,
                ("customer",) if n in customers else ("prospect",), born.get(n, now - timedelta(days=200)),
            )
            for n, f in enumerate(companies)
        ]
    )  # fmt: skip
    text = texting.ensure_template(ACTOR)
    texts = texting.tell(lives, text, now, len(lives))
    push = pushing.ensure_template(ACTOR)
    pushes = pushing.tell(lives, push, had.site.pk, now, len(lives))
    person_ids = import_contacts(
        [
            _contact(life, companies, company_ids, texts.get(n), pushes.get(n), had.site.pk)
            for n, life in enumerate(lives)
        ]
    )
    people = list(zip(person_ids, lives, strict=True))
    import_visitors([_visitor(pk, life, had.site.pk) for pk, life in people if life.first_seen])
    deals = _sales(people, companies, company_ids)
    orders(people, deals, company_ids, now)
    helping.tickets(people, company_ids, had, now)
    crash.point("demo.people")
    progress(f"{len(lives)} people in {len(companies)} companies, their deals, orders, tasks and tickets")
    import_messages([m for pk, life in people for m in _messages(pk, life)])
    import_messages([m for n, pk in enumerate(person_ids) if n in texts for m in texting.messages(pk, texts[n], text)])
    import_browsers([(person_ids[n], b) for n, told in pushes.items() for b in told.browsers])
    import_messages([m for n, told in pushes.items() for m in pushing.messages(person_ids[n], told, push)])
    _journeys(people)
    import_submissions([s for n, (pk, life) in enumerate(people) for s in _submissions(pk, life, had, texts.get(n))])
    downloads = sum(f[2] == "asset.downloaded" for life in lives for f in life.facts)
    count_past_downloads(had.asset.pk, downloads)
    return record_history(
        (pk, at, fact, kind, data, actor) for pk, life in people for at, fact, kind, data, actor in life.facts
    )


def strangers(rng: Random, teller: Teller, count: int, site: int) -> None:
    """Visitors who left without a word."""
    seeds, rows = [], []
    places = [(p, p.weight) for p in world.PLACES]
    for _ in range(count):
        life = teller.stranger(pick(rng, places))
        if not life.facts or life.first_seen is None or life.last_seen is None:
            continue
        rows += [(life.visitor, at, fact, kind, data) for at, fact, kind, data, _ in life.facts]
        seeds.append(_visitor(None, life, site))
    import_visitors(seeds)
    for start in range(0, len(rows), 5000):
        record_anonymous(rows[start : start + 5000])


def _contact(
    life: Life,
    companies: Sequence[Firm],
    ids: Sequence[int],
    texts: texting.Texts | None,
    pushes: pushing.Pushes | None,
    site: int,
) -> ContactSeed:
    firm, sale = companies[life.company], life.sale
    won = next((at for name, at in sale.path if name == "Won"), None) if sale else None
    return ContactSeed(
        first_name=life.first[0],
        last_name=life.last[0],
        name=life.name,
        email=life.email,
        phone=texts.number if texts else "",
        created_at=life.born,
        stage=life.stage,
        stage_at=life.stage_at,
        job_title=life.job,
        company_id=ids[life.company],
        country=life.place.country,
        city=firm.city,
        language=life.place.language,
        time_zone=life.place.zone,
        owner_id=sale.owner if sale else None,
        customer_since=won.date() if won else None,
        tags=life.tags,
        origin=life.origin,
        last_seen_at=life.last_seen,
        consent=life.consent,
        consent_at=life.consent_at,
        proof={"text": CONSENT, "source": "form"} if life.consent else {},
        texts=texts.consent if texts else "",
        texts_at=texts.consent_at if texts else None,
        texts_proof={"text": texting.CONSENT, "source": "form"} if texts and texts.consent else {},
        pushes=pushes.consent if pushes else "",
        pushes_at=pushes.consent_at if pushes else None,
        pushes_proof=pushing.proof(site) if pushes and pushes.consent else {},
    )


def _visitor(person_id: int | None, life: Life, site: int) -> VisitorSeed:
    assert life.first_seen is not None
    assert life.last_seen is not None
    path, title = life.last_page
    return VisitorSeed(
        life.visitor, life.first_seen, life.last_seen, person_id, life.views, path, title, life.origin,
        life.place.country, life.device, site,
    )  # fmt: skip


def _sales(people: Sequence[tuple[int, Life]], companies: Sequence[Firm], company_ids: Sequence[int]) -> dict[int, int]:
    """Returns person -> deal."""
    sold = sorted(
        ((pk, life, life.sale) for pk, life in people if life.sale is not None), key=lambda row: (row[2].at, row[0])
    )
    deals = import_deals(
        [
            DealSeed(
                companies[life.company].name, sale.path, pk, company_ids[life.company], sale.owner,
                Decimal(sale.amount), "EUR", (sale.path[-1][1] + timedelta(days=30)).date(),
                life.origin["source"], sale.lost_reason,
            )
            for pk, life, sale in sold
        ]
    )  # fmt: skip
    handovers = import_handovers(
        [
            HandoverSeed(
                pk, sale.owner, deal, sale.reason, sale.score, sale.at, sale.due, sale.status, sale.answered_at,
                sale.return_reason, sale.by[0].key(pk, sale.by[1]),
            )
            for (pk, _, sale), deal in zip(sold, deals, strict=True)
        ]
    )  # fmt: skip
    rows = [(pk, sale, deal, ho) for (pk, _, sale), deal, ho in zip(sold, deals, handovers, strict=True)]
    for (_, life, sale), deal, handover in zip(sold, deals, handovers, strict=True):
        for fact in sale.deal_facts:
            fact["deal"] = deal
            if fact.get("name") == "":
                fact["name"] = companies[life.company].name
        for fact in sale.handover_facts:
            fact["handover"] = handover
    _work(rows)
    return {pk: deal for pk, _sale, deal, _handover in rows}


def _work(rows: Sequence[tuple[int, Sale, int, int]]) -> None:
    """Tasks, notes and calls; the facts that tell of them get their ids."""
    tasks = [(pk, sale, deal, ho, n, t) for pk, sale, deal, ho in rows for n, t in enumerate(sale.tasks)]
    ids = import_tasks(
        [
            TaskSeed(
                pk, title, kind, due, made, sale.owner, deal, 2 if n == 0 else 1, done, "",
                f"handover:{ho}" if n == 0 else f"demo:{ho}:{n}",
            )
            for pk, sale, deal, ho, n, (made, title, kind, due, done, _) in tasks
        ]
    )  # fmt: skip
    _patch("task", ids, [t[5] for *_, t in tasks])
    notes = [(pk, sale, deal, n) for pk, sale, deal, _ in rows for n in sale.notes]
    made = import_notes([NoteSeed(pk, body, at, sale.owner, deal) for pk, sale, deal, (at, body, _) in notes])
    _patch("note", made, [n[2] for *_, n in notes])
    calls = [(pk, sale, deal, c) for pk, sale, deal, _ in rows for c in sale.calls]
    made = import_calls(
        [
            CallSeed(pk, outcome, at, sale.owner, seconds, text, deal)
            for pk, sale, deal, (at, outcome, seconds, text, _) in calls
        ]
    )
    _patch("call", made, [c[4] for *_, c in calls])


def _patch(name: str, ids: Sequence[int], facts: Sequence[dict[str, Any] | None]) -> None:
    for pk, fact in zip(ids, facts, strict=True):
        if fact is not None:
            fact[name] = pk


def _messages(pk: int, life: Life) -> list[MessageSeed]:
    return [
        MessageSeed(
            pk, m.id, m.by[0].key(pk, m.by[1]) if m.by else m.key, m.template, m.version, m.subject, life.email,
            m.sent_at, f"journey:{m.by[0].way.id}" if m.by else "demo", m.purpose,
            status="refused" if m.refused else "bounced" if m.bounced else "sent", opened_at=m.opened_at,
            clicked_at=m.clicked_at, unsubscribed_at=m.unsubscribed_at, refused=m.refused,
        )
        for m in life.mails
    ]  # fmt: skip


def _journeys(people: Sequence[tuple[int, Life]]) -> None:
    """Passages, and what their steps did that is a row of its own: points and tasks."""
    import_passages(
        [
            PassageSeed(
                pk, p.id, p.way.id, p.way.version_id, p.entry_key, p.why, p.since, p.entered_at, p.moved_at, p.step,
                p.state, p.log, p.until, p.ended_at, p.outcome,
            )
            for pk, life in people
            for p in life.passages
        ]
    )  # fmt: skip
    import_points(
        [
            PointsSeed(pk, points, reason, at, fact, by)
            for pk, life in people
            for at, fact, points, reason, by in life.points
        ]
    )
    tasks = [(pk, t) for pk, life in people for t in life.tasks]
    ids = import_tasks(
        [
            TaskSeed(
                pk, told["title"], told["task_kind"], datetime.fromisoformat(told["due"]), at, told["owner"], None,
                2 if step == "nudge" else 1, done, "", passage.key(pk, step), f"journey:{passage.way.id}",
            )
            for pk, (passage, step, told, at, done) in tasks
        ]
    )  # fmt: skip
    _patch("task", ids, [t[2] for _, t in tasks])


def _submissions(pk: int, life: Life, had: Furniture, texts: texting.Texts | None) -> list[SubmissionSeed]:
    utm = {f"utm_{k}": v for k, v in life.origin.items() if k in ("source", "medium", "campaign") and v}
    return [
        SubmissionSeed(
            pk, at, fact, had.forms[slug].pk, {**answers, "email": life.email}, utm,
            f"https://northstar.example/site/{slug}/", life.visitor,
            {"text": CONSENT, "version": 1, "given": agreed, **_texts_asked(had.forms[slug], at, texts)},
        )
        for at, fact, slug, answers, agreed in life.submissions
    ]  # fmt: skip


def _texts_asked(form: Form, at: datetime, texts: texting.Texts | None) -> dict[str, Any]:
    """What the form asked about texts, and whether this was when she agreed."""
    if not form.sms_consent_text:
        return {}
    agreed = bool(texts and texts.consent_at and abs(texts.consent_at - at) < timedelta(seconds=1))
    number = texts.number if texts and agreed else ""
    return {"sms": {"text": form.sms_consent_text, "version": 1, "given": agreed, "number": number}}
