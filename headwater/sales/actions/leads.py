"""Handing leads over: once per key, fairly in turn, in a constant number of statements; accepting and returning."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from headwater.accounts.models import User, Workspace
from headwater.audience import queries as audience
from headwater.core import clock, wake
from headwater.people import actions as people
from headwater.people.models import Contact, Stage
from headwater.teamwork import actions as teamwork
from headwater.teamwork.actions import NewNotification, NewTask
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..facts import LeadHandedOver
from ..models import Deal, LeadHandover, PipelineStage, SalesDesk
from ..rules import BELOW_MQL, STEP, deal_name, named, rotate
from .deals import check_amount, created, created_fact
from .pipelines import ensure_pipeline, first_stage
from .places import top_of


@dataclass(frozen=True, slots=True)
class HandOver:
    """A person to hand to sales. deal_name "": after her company, else after her. key: handed over once per key."""

    person_id: int
    reason: str
    deal_name: str = ""
    amount: Decimal | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What became of it. refused: "already_open" (she is with sales; ids are of that hand-over) or
    "unknown_person". repeated: the key was handed over before; the ids are of then."""

    person_id: int
    handover_id: int | None = None
    owner_id: int | None = None
    deal_id: int | None = None
    refused: str | None = None
    repeated: bool = False


def hand_over(items: Sequence[HandOver], *, actor: str) -> list[HandedOver]:
    """Hand people to sales: stage MQL, an owner in turn, a deal in the first stage, a call task with the SLA.

    Records LeadHandedOver. An owner who takes leads keeps her own people. Returns one outcome per item, in order.
    Raises ValueError on an amount that cannot be.
    """
    if not items:
        return []
    for item in items:
        check_amount(_decimal(item.amount), "USD")
    with in_lane(*{item.person_id for item in items}):
        outcomes, fresh = _sort_out(items)
        for made in _make(fresh, actor):
            outcomes[made.person_id, None] = made
        wake.publish("board")
    return [outcomes.get((i.person_id, i.key or None)) or outcomes[i.person_id, None] for i in items]


Found = dict[tuple[int, str | None], HandedOver]


def _sort_out(items: Sequence[HandOver]) -> tuple[Found, list[tuple[HandOver, Contact]]]:
    """What was handed over before, is open, or names nobody; and the rest, each with its contact."""
    ids = {i.person_id for i in items}
    keys = {i.key for i in items if i.key}
    contacts = {c.pk: c for c in Contact.objects.filter(pk__in=ids).select_related("company", "owner")}
    known = {h.key: h for h in LeadHandover.objects.filter(key__in=keys)}
    open_ = {h.contact_id: h for h in LeadHandover.objects.filter(contact_id__in=ids, status=LeadHandover.OPEN)}
    found: Found = {}
    fresh: dict[int, tuple[HandOver, Contact]] = {}
    for item in items:
        person, key = item.person_id, item.key or None
        if key and key in known:
            h = known[key]
            found[person, key] = HandedOver(person, h.pk, h.owner_id, h.deal_id, repeated=True)
        elif person in open_:
            h = open_[person]
            found[person, key] = HandedOver(person, h.pk, h.owner_id, h.deal_id, refused="already_open")
        elif person not in contacts:
            found[person, key] = HandedOver(person, refused="unknown_person")
        elif person not in fresh:
            fresh[person] = (item, contacts[person])
    return found, list(fresh.values())


def _make(fresh: list[tuple[HandOver, Contact]], actor: str) -> list[HandedOver]:
    """The hand-overs of people who are free for one; their lanes are held."""
    if not fresh:
        return []
    desk, owners = _owners([contact for _item, contact in fresh])
    now = clock.now()
    due = now + timedelta(minutes=desk.sla_minutes)
    people_ids = [contact.pk for _item, contact in fresh]
    scores = {pk: int(score.points) for pk, score in audience.scores(people_ids).items()}
    _lift(fresh, owners, actor)
    deals, new_deals = _deals(fresh, owners, now)
    rows = LeadHandover.objects.bulk_create(
        LeadHandover(
            contact=contact,
            owner_id=owners[contact.pk],
            deal=deals[contact.pk],
            reason=item.reason[:300],
            score=scores.get(contact.pk, 0),
            created_at=now,
            sla_due_at=due,
            actor=actor,
            key=item.key or uuid.uuid4().hex,
        )
        for item, contact in fresh
    )
    _tell(rows, new_deals, actor)
    return [HandedOver(r.contact_id, r.pk, r.owner_id, r.deal_id) for r in rows]


def _owners(contacts: Sequence[Contact]) -> tuple[SalesDesk, dict[int, int | None]]:
    """The locked desk, and who gets whom: her own owner where he takes leads, else the next in turn."""
    ensure_pipeline()
    desk = SalesDesk.objects.get_or_create(pk=1)[0]
    desk = SalesDesk.objects.select_for_update().get(pk=desk.pk)
    takers = list(User.objects.filter(is_active=True, takes_leads=True).order_by("pk").values_list("pk", flat=True))
    owners: dict[int, int | None] = {c.pk: c.owner_id for c in contacts if c.owner_id in takers}
    free = [c.pk for c in contacts if c.pk not in owners]
    turn, desk.last_taker = rotate(takers, desk.last_taker, len(free))
    owners.update(dict.fromkeys(free))
    owners.update(zip(free, turn, strict=False))
    if turn:
        desk.save(update_fields=["last_taker"])
    return desk, owners


def _lift(fresh: list[tuple[HandOver, Contact]], owners: dict[int, int | None], actor: str) -> None:
    """Stage and owner of the people, one statement's worth per reason and per colleague."""
    by_reason: dict[str, list[int]] = defaultdict(list)
    by_owner: dict[int, list[int]] = defaultdict(list)
    for item, contact in fresh:
        if contact.stage in BELOW_MQL:
            by_reason[item.reason].append(contact.pk)
        owner = owners[contact.pk]
        if owner is not None and owner != contact.owner_id:
            by_owner[owner].append(contact.pk)
    for reason, ids in by_reason.items():
        people.set_stage(ids, Stage.MQL, reason=reason, actor=actor)
    for owner, ids in by_owner.items():
        people.set_owner(ids, owner, reason="hand-over", actor=actor)


def _deals(
    fresh: list[tuple[HandOver, Contact]], owners: dict[int, int | None], now: datetime
) -> tuple[dict[int, Deal], list[Deal]]:
    """Each person's deal: the one that is open, else a new one on top of the first stage. And the new ones."""
    ids = [contact.pk for _item, contact in fresh]
    running = Deal.objects.filter(contact_id__in=ids, stage__kind="open").order_by("created_at")
    deals = {d.contact_id: d for d in running if d.contact_id is not None}
    stage = PipelineStage.objects.select_related("pipeline").get(pk=first_stage(ensure_pipeline()).pk)
    currency = Workspace.objects.values_list("currency", flat=True).get(pk=1)
    top = top_of(stage.pk)
    new = [
        Deal(
            name=deal_name(item.deal_name, contact.company.name if contact.company else "", str(contact)),
            contact=contact,
            company_id=contact.company_id,
            owner_id=owners[contact.pk],
            amount=_decimal(item.amount),
            currency=currency,
            pipeline=stage.pipeline,
            stage=stage,
            position=top - n * STEP,
            source="hand-over",
            created_at=now,
            stage_at=now,
            updated_at=now,
        )
        for n, (item, contact) in enumerate(p for p in fresh if p[1].pk not in deals)
    ]
    for deal in Deal.objects.bulk_create(new):
        assert deal.contact_id is not None
        deals[deal.contact_id] = deal
    return deals, new


def _tell(rows: Sequence[LeadHandover], new_deals: Sequence[Deal], actor: str) -> None:
    """Facts in the order in which people read them, call tasks, bells."""
    names = {u.pk: u.name for u in User.objects.filter(pk__in={r.owner_id for r in rows if r.owner_id})}
    record_many(
        [
            NewFact(
                r.contact_id,
                LeadHandedOver(
                    handover=r.pk,
                    owner=r.owner_id,
                    owner_name=named(names, r.owner_id),
                    reason=r.reason,
                    score=r.score,
                    sla=r.sla_due_at.isoformat(),
                    deal=r.deal_id,
                ),
                actor=actor,
            )
            for r in rows
        ]
    )
    created(new_deals, actor=actor, at=clock.now(), record_facts=False)
    record_many([NewFact(d.contact_id, created_fact(d), actor=actor) for d in new_deals if d.contact_id is not None])
    teamwork.create_tasks(
        [
            NewTask(
                r.contact_id,
                _("Call %(name)s") % {"name": r.contact},
                "call",
                r.sla_due_at,
                r.owner_id,
                priority=2,
                deal_id=r.deal_id,
                key=f"handover:{r.pk}",
                note=r.reason,
                silent=True,
            )
            for r in rows
        ],
        actor=actor,
    )
    teamwork.notify(
        [
            NewNotification(
                r.owner_id,
                _("New lead: %(name)s. %(reason)s") % {"name": r.contact, "reason": r.reason},
                f"/leads/{r.pk}/",
                f"handover:{r.pk}",
                icon="handshake",
            )
            for r in rows
            if r.owner_id is not None
        ]
    )


def _decimal(amount: Decimal | int | float | str | None) -> Decimal | None:
    """What a journey's settings hold as an amount, as a Decimal. Raises ValueError."""
    try:
        return None if amount in (None, "") else Decimal(str(amount)).quantize(Decimal("0.01"))
    except ArithmeticError as error:
        raise ValueError(f"not an amount: {amount!r}") from error
