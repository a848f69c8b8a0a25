"""The board: columns with counts and sums by SQL, a bounded number of cards in each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict

from django.db.models import Count, Q, QuerySet, Sum
from django.template.defaultfilters import date as date_format

from headwater.audience import queries as audience
from headwater.core.money import format_money, format_short
from headwater.people import queries as people
from headwater.teamwork import queries as teamwork
from headwater.teamwork.models import Task

from ..models import Deal, LeadHandover, Pipeline, PipelineStage
from ..rules import is_rotten

#: Cards of a column that are shown at once.
CARDS = 20


class Card(TypedDict):
    """A deal as a card, all of it ready to print (numbers as text, which templates need not localise): a board shows
    120 of them."""

    id: str
    version: str
    stage_id: str
    pipeline_id: int
    name: str
    url: str
    who: str  # company, else person
    mark: str  # its first letter
    hue: str
    money: str
    close: str
    late: bool  # past its expected close
    rotten: bool  # longer in its stage than it should be
    days: str  # how long it stands there
    hot: bool
    waiting: bool  # its lead is not answered yet
    owner: str
    initials: str
    owner_hue: str
    next: str  # its next activity


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
    """All columns with their first cards; a handful of statements for any number of deals."""
    stages = list(pipeline.stages.all())
    rows: list[Row] = []
    if stages:
        first, *rest = [_column(stage.pk, owner_id).values_list("pk", flat=True)[: CARDS + 1] for stage in stages]
        rows = _rows(list(first.union(*rest, all=True)))
    by_stage: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_stage[row["stage_id"]].append(row)
    shown = {c["id"]: c for c in _cards([r for s in stages for r in by_stage[s.pk][:CARDS]], now, language)}
    columns = []
    for head in heads(pipeline, owner_id=owner_id, language=language):
        mine = by_stage[head.stage.pk]
        more = _cursor(mine[CARDS - 1]) if len(mine) > CARDS else ""
        columns.append(Column(head, [shown[str(r["id"])] for r in mine[:CARDS]], more))
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
    found = _rows(list(rows.values_list("pk", flat=True)[: CARDS + 1]))
    more = _cursor(found[CARDS - 1]) if len(found) > CARDS else ""
    return _cards(found[:CARDS], now, language), more


def card(deal_id: int, *, now: datetime, language: str = "en") -> Card:
    """One deal as a card. Raises Deal.DoesNotExist."""
    found = _rows([deal_id])
    if not found:
        raise Deal.DoesNotExist(deal_id)
    return _cards(found, now, language)[0]


def _column(stage_id: int, owner_id: int | None) -> QuerySet[Deal]:
    rows = Deal.objects.filter(stage_id=stage_id).order_by("position", "id")
    return rows if owner_id is None else rows.filter(owner_id=owner_id)


Row = dict[str, Any]
#: No model instances: 150 deals with their contact, company, owner and stage would be 750 of them
_COLUMNS = (
    "id", "version", "name", "position", "stage_id", "pipeline_id", "amount", "currency", "expected_close", "stage_at",
    "contact_id", "company_id", "contact__name", "contact__email", "company__name", "owner__first_name",
    "owner__last_name", "owner__email", "owner__hue", "stage__kind", "stage__rot_days",
)  # fmt: skip


def _rows(ids: Sequence[int]) -> list[Row]:
    """Deals by id, in the order of their columns."""
    found: list[Row] = list(Deal.objects.filter(pk__in=ids).values(*_COLUMNS))
    return sorted(found, key=lambda r: (r["position"], r["id"]))


def _cursor(row: Row) -> str:
    return f"{row['position']!r}~{row['id']}"


def _cards(rows: Sequence[Row], now: datetime, language: str) -> list[Card]:
    """Rows as cards, in three statements."""
    persons = [r["contact_id"] for r in rows if r["contact_id"] is not None]
    activities = teamwork.next_activities([r["id"] for r in rows])
    scores = audience.scores(persons) if persons else {}
    open_leads = LeadHandover.objects.filter(contact_id__in=persons, status=LeadHandover.OPEN)
    waiting = set(open_leads.values_list("deal_id", flat=True))
    hot = {person for person, score in scores.items() if score.band == "hot"}
    return [_card(r, now, language, activities.get(r["id"]), r["contact_id"] in hot, r["id"] in waiting) for r in rows]


def _card(r: Row, now: datetime, language: str, activity: Task | None, hot: bool, waiting: bool) -> Card:
    who = r["company__name"] or r["contact__name"] or r["contact__email"] or ""
    owner = f"{r['owner__first_name'] or ''} {r['owner__last_name'] or ''}".strip() or r["owner__email"] or ""
    running, close = r["stage__kind"] == "open", r["expected_close"]
    return Card(
        id=str(r["id"]),
        version=str(r["version"]),
        stage_id=str(r["stage_id"]),
        pipeline_id=r["pipeline_id"],
        name=r["name"],
        url=f"/deals/{r['id']}/",
        who=who,
        mark=who[:1] or "–",
        hue=str(people.hue_of(r["company_id"] or r["contact_id"] or 0)),
        money=format_money(r["amount"], r["currency"], language),
        close=date_format(close, "j M") if close else "",
        late=running and close is not None and close < now.date(),
        rotten=running and is_rotten(r["stage_at"], r["stage__rot_days"], now),
        days=str((now - r["stage_at"]).days),
        hot=hot,
        waiting=waiting,
        owner=owner,
        initials="".join(part[:1] for part in owner.split(" ")[:2]).upper(),
        owner_hue=str(r["owner__hue"] or 265),
        next=activity.title if activity else "",
    )
