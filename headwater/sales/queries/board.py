"""The board: columns with counts and sums by SQL, a bounded number of cards in each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypedDict

from django.db import connection
from django.db.models import Count, Sum
from django.template.defaultfilters import date as date_format

from headwater.audience import queries as audience
from headwater.core.money import format_money, format_short
from headwater.people import queries as people
from headwater.teamwork import queries as teamwork

from ..models import Deal, Pipeline, PipelineStage
from ..rules import is_rotten

#: Cards of a column that are shown at once.
CARDS = 20
#: Cards of a column that a live refresh brings again at most
MOST = 300


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


def board(
    pipeline: Pipeline,
    *,
    now: datetime,
    owner_id: int | None = None,
    language: str = "en",
    have: Mapping[int, int] | None = None,
) -> list[Column]:
    """All columns with their first cards; a handful of statements for any number of deals. have: stage -> how many
    cards of it the page shows already, of which a refresh must drop none (up to MOST)."""
    ids = [stage.pk for stage in pipeline.stages.all()]
    limits = {pk: max(CARDS, min((have or {}).get(pk, 0), MOST)) for pk in ids}
    picked = (
        "SELECT d.id FROM unnest(%s::bigint[], %s::int[]) AS stage(id, cards) CROSS JOIN LATERAL ("
        f"SELECT id FROM sales_deal WHERE stage_id = stage.id{_OF_OWNER if owner_id is not None else ''} "
        "ORDER BY position, id LIMIT stage.cards + 1) d"
    )
    owner = [] if owner_id is None else [owner_id]
    rows = _rows(picked, [ids, [limits[pk] for pk in ids], *owner])
    by_stage: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_stage[row.stage_id].append(row)
    shown = {c["id"]: c for c in _cards([r for mine in by_stage.values() for r in mine], now, language)}
    columns = []
    for head in heads(pipeline, owner_id=owner_id, language=language):
        mine, most = by_stage[head.stage.pk], limits[head.stage.pk]
        more = _cursor(mine[most - 1]) if len(mine) > most else ""
        columns.append(Column(head, [shown[str(r.id)] for r in mine[:most]], more))
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
    picked = (
        "SELECT id FROM sales_deal WHERE stage_id = %s AND (position, id) > (%s, %s)"
        f"{_OF_OWNER if owner_id is not None else ''} ORDER BY position, id LIMIT %s"
    )
    owner = [] if owner_id is None else [owner_id]
    found = _rows(picked, [stage.pk, position, last, *owner, CARDS + 1])
    more = _cursor(found[CARDS - 1]) if len(found) > CARDS else ""
    return _cards(found[:CARDS], now, language), more


def card(deal_id: int, *, now: datetime, language: str = "en") -> Card:
    """One deal as a card. Raises Deal.DoesNotExist."""
    found = _rows("SELECT %s::bigint AS id", [deal_id])
    if not found:
        raise Deal.DoesNotExist(deal_id)
    return _cards(found, now, language)[0]


class Row(NamedTuple):
    """A deal with what its card names. No model: 150 deals with contact, company, owner and stage would be 750."""

    id: int
    version: int
    name: str
    position: float
    stage_id: int
    pipeline_id: int
    amount: Decimal | None
    currency: str
    expected_close: date | None
    stage_at: datetime
    contact_id: int | None
    company_id: int | None
    kind: str  # of its stage
    rot_days: int
    who: str | None  # company, else person
    owner: str | None
    owner_hue: int | None
    waiting: bool  # its lead is not answered yet


_OF_OWNER = " AND owner_id = %s"
_SELECT = """
SELECT d.id, d.version, d.name, d.position, d.stage_id, d.pipeline_id, d.amount, d.currency, d.expected_close,
       d.stage_at, d.contact_id, d.company_id, s.kind, s.rot_days,
       coalesce(nullif(co.name, ''), nullif(c.name, ''), c.email),
       coalesce(nullif(btrim(u.first_name || ' ' || u.last_name), ''), u.email), u.hue,
       EXISTS (SELECT FROM sales_leadhandover h WHERE h.deal_id = d.id AND h.status = 'open')
FROM ({picked}) p JOIN sales_deal d ON d.id = p.id JOIN sales_pipelinestage s ON s.id = d.stage_id
LEFT JOIN people_contact c ON c.id = d.contact_id LEFT JOIN people_company co ON co.id = d.company_id
LEFT JOIN accounts_user u ON u.id = d.owner_id ORDER BY d.position, d.id
"""


def _rows(picked: str, values: Sequence[Any]) -> list[Row]:
    """Deals whose ids a statement picks, in the order of their columns."""
    with connection.cursor() as cursor:
        cursor.execute(_SELECT.format(picked=picked), values)
        return [Row(*found) for found in cursor.fetchall()]


def _cursor(row: Row) -> str:
    return f"{row.position!r}~{row.id}"


def _cards(rows: Sequence[Row], now: datetime, language: str) -> list[Card]:
    """Rows as cards, in two statements."""
    titles = teamwork.next_activities([r.id for r in rows])
    scores = audience.scores([r.contact_id for r in rows if r.contact_id is not None])
    hot = {person for person, score in scores.items() if score.band == "hot"}
    closes = {day: date_format(day, "MONTH_DAY_FORMAT") for day in {r.expected_close for r in rows} if day}
    return [_card(r, now, language, titles.get(r.id, ""), r.contact_id in hot, closes) for r in rows]


def _card(r: Row, now: datetime, language: str, title: str, hot: bool, closes: Mapping[date, str]) -> Card:
    running, close = r.kind == "open", r.expected_close
    who, owner = r.who or "", r.owner or ""
    return Card(
        id=str(r.id),
        version=str(r.version),
        stage_id=str(r.stage_id),
        pipeline_id=r.pipeline_id,
        name=r.name,
        url=f"/deals/{r.id}/",
        who=who,
        mark=who[:1] or "–",
        hue=str(people.hue_of(r.company_id or r.contact_id or 0)),
        money=format_money(r.amount, r.currency, language),
        close=closes[close] if close else "",
        late=running and close is not None and close < now.date(),
        rotten=running and is_rotten(r.stage_at, r.rot_days, now),
        days=str((now - r.stage_at).days),
        hot=hot,
        waiting=r.waiting,
        owner=owner,
        initials="".join(part[:1] for part in owner.split(" ")[:2]).upper(),
        owner_hue=str(r.owner_hue or 265),
        next=title,
    )
