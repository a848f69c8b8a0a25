"""The board: columns with counts and sums by SQL, a bounded number of cards in each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum

from headwater.audience import queries as audience
from headwater.core.money import format_money, format_short
from headwater.people import queries as people
from headwater.teamwork import queries as teamwork
from headwater.teamwork.models import Task

from ..models import Deal, LeadHandover, Pipeline, PipelineStage
from ..rules import is_rotten

#: Cards of a column that are shown at once.
CARDS = 25


@dataclass(frozen=True)
class Card:
    """A deal as a card: with its next activity, and whether it rots, is late, or its person is hot."""

    deal: Deal
    money: str
    next: Task | None
    hot: bool
    late: bool
    rotten: bool
    waiting: bool  # its lead is not answered yet
    days: int  # how long it stands in its stage
    hue: int  # of the company's mark


@dataclass(frozen=True)
class Head:
    """A column's head: how many deals, and their sum ("$247k", or several sums for several currencies)."""

    stage: PipelineStage
    count: int
    sums: list[str]
    total: str  # the exact sums, for the title


@dataclass(frozen=True)
class Column:
    head: Head
    cards: list[Card] = field(default_factory=list)
    #: Cursor of the cards that follow, "" where there are none
    next: str = ""

    @property
    def stage(self) -> PipelineStage:
        return self.head.stage


def heads(
    pipeline: Pipeline, *, owner_id: int | None = None, language: str = "en", only: Sequence[int] | None = None
) -> list[Head]:
    """Counts and sums of a pipeline's stages, in their order, in one statement."""
    deals = Deal.objects.filter(pipeline=pipeline)
    if owner_id is not None:
        deals = deals.filter(owner_id=owner_id)
    if only is not None:
        deals = deals.filter(stage_id__in=list(only))
    counts: dict[int, int] = defaultdict(int)
    sums: dict[int, list[tuple[str, Decimal]]] = defaultdict(list)
    for row in deals.values("stage_id", "currency").annotate(n=Count("*"), total=Sum("amount")):
        counts[row["stage_id"]] += row["n"]
        if row["total"]:
            sums[row["stage_id"]].append((row["currency"], row["total"]))
    stages = [s for s in pipeline.stages.all() if only is None or s.pk in only]
    out = []
    for stage in stages:
        parts = sorted(sums[stage.pk], key=lambda part: -part[1])
        out.append(
            Head(
                stage,
                counts[stage.pk],
                [format_short(total, currency, language) for currency, total in parts],
                " + ".join(format_money(total, currency, language) for currency, total in parts),
            )
        )
    return out


def board(pipeline: Pipeline, *, now: datetime, owner_id: int | None = None, language: str = "en") -> list[Column]:
    """All columns with their first cards; seven statements for any number of deals."""
    stages = list(pipeline.stages.all())
    deals: list[Deal] = []
    if stages:
        parts = [_column(stage.pk, owner_id)[: CARDS + 1] for stage in stages]
        ids = list(parts[0].values_list("pk", flat=True).union(*(p.values_list("pk", flat=True) for p in parts[1:]),
                                                               all=True))  # fmt: skip
        deals = list(_full().filter(pk__in=ids))
    by_stage: dict[int, list[Deal]] = defaultdict(list)
    for deal in sorted(deals, key=lambda d: (d.position, d.pk)):
        by_stage[deal.stage_id].append(deal)
    shown = {c.deal.pk: c for c in cards([d for s in stages for d in by_stage[s.pk][:CARDS]], now, language)}
    columns = []
    for head in heads(pipeline, owner_id=owner_id, language=language):
        mine = by_stage[head.stage.pk]
        more = _cursor(mine[CARDS - 1]) if len(mine) > CARDS else ""
        columns.append(Column(head, [shown[d.pk] for d in mine[:CARDS]], more))
    return columns


def more_cards(
    stage: PipelineStage, after: str, *, now: datetime, owner_id: int | None = None, language: str = "en"
) -> tuple[list[Card], str]:
    """The cards of a column after a cursor, and the next cursor. Raises ValueError on a malformed one."""
    at, _, pk = after.partition("~")
    try:
        position, last = float(at), int(pk)
    except ValueError as error:
        raise ValueError(f"not a cursor of cards: {after!r}") from error
    rows = _column(stage.pk, owner_id).filter(Q(position__gt=position) | Q(position=position, pk__gt=last))
    ids = list(rows.values_list("pk", flat=True)[: CARDS + 1])
    deals = sorted(_full().filter(pk__in=ids), key=lambda d: (d.position, d.pk))
    more = _cursor(deals[CARDS - 1]) if len(deals) > CARDS else ""
    return cards(deals[:CARDS], now, language), more


def _column(stage_id: int, owner_id: int | None) -> QuerySet[Deal]:
    rows = Deal.objects.filter(stage_id=stage_id).order_by("position", "id")
    return rows if owner_id is None else rows.filter(owner_id=owner_id)


def _full() -> QuerySet[Deal]:
    return Deal.objects.select_related("contact", "company", "owner", "stage")


def _cursor(deal: Deal) -> str:
    return f"{deal.position!r}~{deal.pk}"


def cards(deals: Sequence[Deal], now: datetime, language: str) -> list[Card]:
    """Deals (with contact, company, owner and stage) as cards, in three statements."""
    ids = [d.pk for d in deals]
    persons = [d.contact_id for d in deals if d.contact_id is not None]
    activities = teamwork.next_activities(ids)
    scores = audience.scores(persons) if persons else {}
    waiting = set(
        LeadHandover.objects.filter(contact_id__in=persons, status=LeadHandover.OPEN).values_list("deal_id", flat=True)
    )
    today = now.date()
    out = []
    for deal in deals:
        running = deal.stage.kind == "open"
        score = scores.get(deal.contact_id or 0)
        out.append(
            Card(
                deal,
                format_money(deal.amount, deal.currency, language),
                activities.get(deal.pk),
                hot=bool(score and score.band == "hot"),
                late=running and deal.expected_close is not None and deal.expected_close < today,
                rotten=running and is_rotten(deal.stage_at, deal.stage.rot_days, now),
                waiting=deal.pk in waiting,
                days=(now - deal.stage_at).days,
                hue=people.hue_of(deal.company_id or deal.contact_id or 0),
            )
        )
    return out


def card(deal_id: int, *, now: datetime, language: str = "en") -> Card:
    """One deal as a card. Raises Deal.DoesNotExist."""
    return cards([_full().get(pk=deal_id)], now, language)[0]
