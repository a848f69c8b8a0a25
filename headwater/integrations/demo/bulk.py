"""A database full of people for benches: copied in chunks, a transaction each, so that a killed fill goes on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.db import transaction

from headwater.accounts import actions as accounts
from headwater.accounts.models import User, Workspace
from headwater.audience import actions as audience
from headwater.core import clock
from headwater.insights import actions as insights
from headwater.people.actions.history import CompanySeed, ContactSeed, import_companies, import_contacts
from headwater.people.models import Company, Contact
from headwater.sales.actions import DealSeed, ensure_pipeline, import_deals
from headwater.sales.models import Deal
from headwater.teamwork.actions.history import TaskSeed, import_tasks
from headwater.timeline import partitions
from headwater.timeline.actions import record_history

from . import pages, world

CHUNK = 5000
USER = "bench@bench.example"
STAGES = ("Lead", "Qualified", "Proposal", "Negotiation", "Won", "Lost")
#: Scores are computed for every so-manieth person: the work is the product's own, and enough have one this way
SCORED = 5
LIFE = (("lead", 70), ("mql", 9), ("sql", 7), ("opportunity", 6), ("customer", 8))


def fill(contacts: int, events: int, progress: Callable[[str], None] = print) -> User:
    """Have so many people and facts, with companies, deals, tasks and scores; does what is missing. Returns the user
    who signs in for the measurements."""
    user = User.objects.filter(email=USER).first() or accounts.create_user(
        email=USER, password=uuid.uuid4().hex, role="admin", actor="system", first_name="Bench", takes_leads=True
    )
    mark = f"bench:{contacts}:{events}"
    if Workspace.objects.filter(pk=1, website=mark).exists():
        return user
    now = clock.now()
    partitions.ensure(now - timedelta(days=550))
    ensure_pipeline()
    if not Company.objects.exists():
        import_companies([CompanySeed(f"Company {n}", f"c{n}.example") for n in range(max(1, contacts // 3))])
    firms = list(Company.objects.order_by("pk").values_list("pk", flat=True))
    per = events / max(1, contacts)
    for start in range(Contact.objects.count(), contacts, CHUNK):
        _chunk(start, min(CHUNK, contacts - start), per, firms, user, now)
        progress(f"{min(contacts, start + CHUNK)} people")
    people = list(Contact.objects.order_by("pk").values_list("pk", flat=True))
    if not Deal.objects.exists():
        _deals(people[:: max(1, len(people) // max(1, contacts // 10))], user, now)
    progress("scores")
    audience.recompute(actor="system", person_ids=people[::SCORED])
    insights.rebuild()
    accounts.change_workspace(actor="system", website=mark)
    return user


@transaction.atomic
def _chunk(start: int, count: int, per: float, firms: list[int], user: User, now: datetime) -> None:
    """People with all their facts, together."""
    rng = Random(start)
    seeds = []
    for n in range(start, start + count):
        place = world.PLACES[n % len(world.PLACES)]
        first, last = rng.choice(place.first), rng.choice(place.last)
        name = f"{last[0]}{first[0]}" if place.family_first else f"{first[0]} {last[0]}"
        born = now - timedelta(days=rng.random() * 540)
        seeds.append(
            ContactSeed(
                first[0], last[0], name, f"{first[1]}.{last[1]}.{n}@c{n % len(firms)}.example", born,
                stage=rng.choices([s for s, _ in LIFE], [w for _, w in LIFE])[0],
                job_title="Buyer", company_id=firms[n % len(firms)], country=place.country, city=place.cities[0],
                owner_id=user.pk if n % 7 == 0 else None, tags=("newsletter",) if n % 3 == 0 else (),
                origin={"source": rng.choice(world.SOURCES)[0]}, last_seen_at=born, consent="granted",
            )
        )  # fmt: skip
    people = import_contacts(seeds)
    record_history(_facts(rng, list(zip(people, seeds, strict=True)), per, now))


def _facts(
    rng: Random, people: list[tuple[int, ContactSeed]], per: float, now: datetime
) -> Iterator[tuple[int, datetime, uuid.UUID, str, dict[str, Any], str]]:
    seen = [pages.article_page(a) for a in pages.ARTICLES] + [pages.HOME, pages.BLOG, pages.PRICING]
    views = [("page.viewed", {"path": p, "title": t, "url": f"https://northstar.example{p}"}) for p, t in seen]
    mail = {"message": "0", "template": 1, "subject": "Store Notes"}
    others: list[tuple[str, dict[str, Any]]] = [("mail.sent", mail), ("mail.opened", mail), ("mail.clicked", mail)]
    owed = 0.0
    for person, seed in people:
        yield person, seed.created_at, _id(rng), "contact.created", {"email": seed.email}, "visitor"
        if seed.stage != "lead":
            told = {"before": "lead", "after": seed.stage}
            yield person, seed.created_at + timedelta(hours=1), _id(rng), "stage.changed", told, "system"
        owed += per - 1 - (seed.stage != "lead")
        span = (now - seed.created_at).total_seconds()
        while owed >= 1:
            owed -= 1
            kind, data = rng.choice(views if rng.random() < 0.75 else others)
            yield person, seed.created_at + timedelta(seconds=span * rng.random()), _id(rng), kind, data, "visitor"


def _id(rng: Random) -> uuid.UUID:
    return uuid.UUID(int=rng.getrandbits(128), version=4)


def _deals(people: list[int], user: User, now: datetime) -> None:
    rng = Random(1)
    seeds = []
    for pk in people:
        at = now - timedelta(days=rng.random() * 500 + 10)
        upto = rng.choices(range(6), (3, 3, 2, 2, 40, 50))[0]
        names = STAGES[:upto] if upto == 5 else STAGES[: upto + 1]
        path = [(name, at + timedelta(days=n)) for n, name in enumerate(names)]
        if upto == 5:
            path = [*path[:2], ("Lost", at + timedelta(days=4))]
        seeds.append(
            DealSeed(
                f"Deal {pk}", path, pk, None, user.pk, Decimal(rng.randrange(500, 30000)), "EUR", key=f"bench:{pk}"
            )
        )
    with transaction.atomic():
        ids = import_deals(seeds)
        import_tasks(
            [
                TaskSeed(
                    pk, f"Call about deal {deal}", "call", now + timedelta(hours=rng.uniform(-48, 240)), now, user.pk,
                    deal, key=f"bench:{deal}",
                )
                for pk, deal in list(zip(people, ids, strict=True))[::5]
            ]
        )  # fmt: skip
