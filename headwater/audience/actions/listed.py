"""Putting many people into a list or segment, or out of it, as changes of many (people.registry.Bulk)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from headwater.core.ids import id_of
from headwater.people.registry import Bulk, BulkField
from headwater.people.rules import Invalid
from headwater.timeline.actions import in_lane

from ..models import Picked, Segment
from .picks import pick_members

Params = Mapping[str, Any]
#: The condition of a list: nobody but those who were put in by hand
NOBODY: dict[str, Any] = {"any": []}


def _clean(given: Params) -> dict[str, Any]:
    text = str(given.get("segment") or "")
    found = Segment.objects.filter(pk=id_of(text) or 0, keeper="").first()
    if found is None:
        raise Invalid({"segment": _("There is no such segment.")})
    return {"segment": found.pk, "name": found.name, "list": found.definition == NOBODY}


def _choices() -> list[tuple[str, Any]]:
    rows = Segment.objects.filter(keeper="").order_by("name").values_list("pk", "name")
    return [(str(pk), name) for pk, name in rows[:500]]


def _in(people: Sequence[int], params: Params, actor: str) -> None:
    pick_members(params["segment"], people, side="in", actor=actor)


def _out(people: Sequence[int], params: Params, actor: str) -> None:
    """Out of a list: not put in any more. Out of a segment with a condition: kept out whatever it says."""
    pick_members(params["segment"], people, side="" if params["list"] else "out", actor=actor)


def _picked(people: Sequence[int], params: Params) -> dict[int, Any]:
    rows = Picked.objects.filter(person_id__in=people, segment_id=params["segment"])
    found = {p.person_id: [p.side, p.reason, p.actor, p.at.isoformat()] for p in rows}
    return {p: found.get(p) for p in people}


def _put_back(pairs: Mapping[int, tuple[Any, Any]], params: Params, actor: str) -> None:
    segment = params["segment"]
    with in_lane(*pairs):
        for side in ("in", "out", ""):
            people = [p for p, (before, _now) in pairs.items() if (before[0] if before else "") == side]
            if people:
                pick_members(segment, people, side=side, actor=actor)
        said = [(p, before) for p, (before, _now) in pairs.items() if before]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE audience_picked h SET reason = x.r, actor = x.w, at = x.a "
                "FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[]) AS x(p, r, w, a) "
                "WHERE h.person_id = x.p AND h.segment_id = %s AND h.person_id = ANY(%s)",
                [
                    [p for p, _b in said],
                    [b[1] for _p, b in said],
                    [b[2] for _p, b in said],
                    [datetime.fromisoformat(b[3]) for _p, b in said],
                    segment,
                    [p for p, _b in said],
                ],
            )


_field = BulkField("segment", gettext_lazy("List or segment"), _choices)
BULKS = (
    Bulk(
        "segment_in", gettext_lazy("Put into a list or segment"), "funnel-plus",
        lambda p: _("Put into %(name)s") % {"name": p["name"]}, _clean, _in, _picked, restore=_put_back,
        fields=(_field,),
        warning=gettext_lazy("They are in whatever its condition says, until somebody takes them out."),
        button=gettext_lazy("Put in"), order=40,
    ),
    Bulk(
        "segment_out", gettext_lazy("Take out of a list or segment"), "funnel-x",
        lambda p: _("Take out of %(name)s") % {"name": p["name"]}, _clean, _out, _picked, restore=_put_back,
        fields=(_field,), warning=gettext_lazy("Of a segment with a condition they stay out whatever it says."),
        button=gettext_lazy("Take out"), order=41,
    ),
)  # fmt: skip
