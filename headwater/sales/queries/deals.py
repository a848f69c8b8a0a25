"""Single deals, lists of them, search."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Prefetch, Q
from django.db.models.functions import Upper

from headwater.core.prepared import Prepared

from ..models import Deal, DealStageChange, Pipeline, PipelineStage

#: Columns of the table that can be sorted: name in the address -> field
SORTS = {"created": "created_at", "amount": "amount", "close": "expected_close", "stage_at": "stage_at"}


_STAGES = Prefetch("stages", PipelineStage.objects.filter(archived_at=None))


def pipelines() -> list[Pipeline]:
    """All pipelines with the stages in use, in two statements."""
    return list(Pipeline.objects.prefetch_related(_STAGES))


def open_stages(pipeline_ids: Collection[int]) -> dict[int, list[int]]:
    """The open stages of these pipelines, in their order, by pipeline."""
    out: dict[int, list[int]] = {pk: [] for pk in pipeline_ids}
    rows = PipelineStage.objects.filter(pipeline_id__in=out, kind="open").order_by("order", "id") if out else None
    for pipeline_id, stage_id in rows.values_list("pipeline_id", "pk") if rows is not None else ():
        out[pipeline_id].append(stage_id)
    return out


def pipeline(pk: int | None = None) -> Pipeline | None:
    """One pipeline (the first, if none is named), or None."""
    rows = Pipeline.objects.prefetch_related(_STAGES)
    return rows.filter(pk=pk).first() if pk is not None else rows.first()


def stage_sizes(pipeline_id: int) -> dict[int, int]:
    """stage id -> how many deals stand there."""
    rows = Deal.objects.filter(pipeline_id=pipeline_id).values_list("stage_id").annotate(n=Count("*"))
    return dict(rows)


def pipeline_sizes() -> list[tuple[Pipeline, int]]:
    """All pipelines with how many deals they hold."""
    counts = dict(Deal.objects.values_list("pipeline_id").annotate(n=Count("*")))
    return [(row, counts.get(row.pk, 0)) for row in pipelines()]


def deal(deal_id: int) -> Deal:
    """A deal with all that its page names. Raises Deal.DoesNotExist."""
    rows = Deal.objects.select_related("contact", "contact__company", "company", "owner", "stage", "pipeline")
    return rows.get(pk=deal_id)


def stage(stage_id: int) -> PipelineStage | None:
    return PipelineStage.objects.select_related("pipeline").filter(pk=stage_id).first()


@dataclass(frozen=True)
class DealPage:
    """Some deals, and the cursor of the next page ("" on the last one)."""

    deals: list[Deal]
    next: str


def table(
    *,
    pipeline_id: int | None = None,
    owner_id: int | None = None,
    stage_ids: Sequence[int] | None = None,
    person_id: int | None = None,
    text: str = "",
    kind: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    after: str = "",
    limit: int = 50,
) -> DealPage:
    """Deals, the newest first, a page at a time. Raises ValueError on a malformed cursor.

    kind: "open" (those that stand in an open stage now), "won" or "lost" (with since and until: in that time).
    """
    rows = Deal.objects.select_related("contact", "company", "owner", "stage", "pipeline")
    for field, value in (("pipeline_id", pipeline_id), ("owner_id", owner_id), ("contact_id", person_id)):
        if value is not None:
            rows = rows.filter(**{field: value})
    if stage_ids is not None:
        rows = rows.filter(stage_id__in=list(stage_ids))
    if kind == "open":
        rows = rows.filter(stage__kind="open")
    elif kind in ("won", "lost"):
        ended = {f"{kind}_at__gte": since, f"{kind}_at__lt": until}
        rows = rows.filter(**{f"{kind}_at__isnull": False}, **{k: v for k, v in ended.items() if v is not None})
    if text.strip():
        rows = rows.annotate(shout=Upper("name")).filter(shout__contains=text.strip().upper())
    if after:
        at, _, pk = after.partition("~")
        try:
            moment, last = datetime.fromisoformat(at), int(pk)
        except ValueError as error:
            raise ValueError(f"not a cursor of deals: {after!r}") from error
        rows = rows.filter(Q(created_at__lt=moment) | Q(created_at=moment, pk__lt=last), created_at__lte=moment)
    found = list(rows.order_by("-created_at", "-id")[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return DealPage(found, f"{found[-1].created_at.isoformat()}~{found[-1].pk}" if more else "")


_of_contact = Prepared(
    lambda pk: Deal.objects.select_related("stage").filter(contact_id=pk).order_by("-created_at")[:50]
)


def of_contact(person_id: int, limit: int = 10) -> list[Deal]:
    """A person's deals: running ones first, then the newest."""
    rows = _of_contact(person_id)
    return sorted(rows, key=lambda d: d.stage.kind != "open")[:limit]


def of_company(company_id: int, limit: int = 20) -> list[Deal]:
    """A company's deals: running ones first, then the newest."""
    rows = Deal.objects.select_related("stage").filter(company_id=company_id).order_by("-created_at")[:50]
    return sorted(rows, key=lambda d: d.stage.kind != "open")[:limit]


def history(deal_id: int) -> list[DealStageChange]:
    """The stages a deal stood in, oldest first."""
    return list(DealStageChange.objects.select_related("before", "after").filter(deal_id=deal_id).order_by("at", "id"))


def search(text: str, limit: int) -> list[Deal]:
    """Deals whose name holds the text, the newest first."""
    rows = Deal.objects.select_related("stage", "company").annotate(shout=Upper("name"))
    return list(rows.filter(shout__contains=text.strip().upper()).order_by("-created_at")[:limit])
