"""Where a card stands in its column: positions are numbers with room between them."""

from __future__ import annotations

from django.db import connection
from django.db.models import Min

from ..models import Deal
from ..rules import STEP, between


def top_of(stage_id: int) -> float:
    """A position above every card of the stage."""
    least = Deal.objects.filter(stage_id=stage_id).aggregate(least=Min("position"))["least"]
    return 0.0 if least is None else float(least) - STEP


def place(deal: Deal, stage_id: int, before_id: int | None) -> float:
    """The position above card `before_id` of a stage, or at the stage's end; numbers the column anew when full."""
    for _ in range(2):
        above, below = _neighbours(deal.pk, stage_id, before_id)
        position = between(above, below)
        if position is not None:
            return position
        _renumber(stage_id)
    raise AssertionError("a freshly numbered column has room")


def _neighbours(deal_id: int, stage_id: int, before_id: int | None) -> tuple[float | None, float | None]:
    """The positions above and below the wanted place, the moving card itself left out."""
    others = Deal.objects.filter(stage_id=stage_id).exclude(pk=deal_id).order_by("position", "id")
    below = others.filter(pk=before_id).first() if before_id is not None else None
    if below is None:
        last = others.last()
        return (last.position if last else None), None
    above = (
        others.filter(position__lte=below.position)
        .exclude(position=below.position, pk__gte=below.pk)
        .order_by("-position", "-id")
        .first()
    )
    return (above.position if above else None), below.position


def _renumber(stage_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sales_deal d SET position = n.row * %s FROM (SELECT id, row_number() OVER "
            "(ORDER BY position, id) AS row FROM sales_deal WHERE stage_id = %s) n WHERE d.id = n.id",
            [STEP, stage_id],
        )
