"""Deals out of stages that are no longer used."""

from __future__ import annotations

from django.db import connection, transaction
from django.utils.translation import gettext as _

from headwater.core import clock, wake
from headwater.core.actors import SYSTEM
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..facts import DealMoved
from ..models import Deal, DealStageChange, PipelineStage
from ..rules import STEP

#: Deals that move in one transaction
CHUNK = 500


def check_usable(stage_id: int) -> None:
    """Hold a stage open until the transaction ends. Raises ValueError where it has been archived: it takes no more
    deals. Call it with the lanes held."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sales_pipelinestage WHERE id = %s AND archived_at IS NULL FOR SHARE", [stage_id])
        if cursor.fetchone() is None:
            raise ValueError(_("That stage is no longer used."))


def empty_archived(stage_id: int | None = None, *, actor: str = SYSTEM) -> int:
    """Move the deals of archived stages (of one of them) to the stages that take them. Returns how many moved."""
    stages = PipelineStage.objects.filter(archived_at__isnull=False, successor__isnull=False)
    if stage_id is not None:
        stages = stages.filter(pk=stage_id)
    held = Deal.objects.filter(stage__in=stages).values("stage_id").distinct()
    moved = 0
    for stage in stages.filter(pk__in=held).select_related("successor"):
        while done := _move_some(stage, actor):
            moved += done
    return moved


def _move_some(stage: PipelineStage, actor: str) -> int:
    into = stage.successor
    assert into is not None
    ids = list(Deal.objects.filter(stage=stage).order_by("pk").values_list("pk", "contact_id")[:CHUNK])
    if not ids:
        return 0
    with transaction.atomic(), in_lane(*{person for _, person in ids if person is not None}):
        deals = list(
            Deal.objects.select_for_update(of=("self",))
            .filter(pk__in=[pk for pk, _ in ids], stage=stage)
            .order_by("position", "pk")
        )
        now, persons = clock.now(), dict(ids)
        # A deal that got another person meanwhile is in a lane that is not held: the next round moves it.
        deals = [d for d in deals if d.contact_id == persons[d.pk]]
        last = Deal.objects.filter(stage=into).order_by("-position").values_list("position", flat=True).first() or 0.0
        for n, deal in enumerate(deals, 1):
            deal.stage, deal.stage_at, deal.updated_at = into, now, now
            deal.position, deal.version = last + n * STEP, deal.version + 1
        Deal.objects.bulk_update(deals, ["stage", "stage_at", "updated_at", "position", "version"], batch_size=CHUNK)
        DealStageChange.objects.bulk_create(
            DealStageChange(deal=d, before=stage, after=into, at=now, actor=actor) for d in deals
        )
        facts = [
            NewFact(
                d.contact_id,
                DealMoved(deal=d.pk, name=d.name, before=stage.name, after=into.name, stage=into.pk),
                now,
                None,
                actor,
            )
            for d in deals
            if d.contact_id is not None
        ]
        record_many(facts)
        wake.publish("board")
    return len(ids)
