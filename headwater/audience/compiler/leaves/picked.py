"""Who is in a segment, or kept out of it, by hand. Not a condition of its own: it stands around the segment's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from headwater.accounts.models import User
from headwater.audience.compiler.nodes import Group, Leaf, Node, Not, Sql
from headwater.audience.compiler.sql import Query
from headwater.core.actors import user_id


def with_picked(node: Node, key: str) -> Node:
    """The tree of a segment in which people were picked by hand."""
    return Group("all", (Group("any", (node, PickedLeaf(key, "in"))), Not(PickedLeaf(key, "out"))))


def without_picked(node: Node) -> Node:
    """What `with_picked` was given; any other tree as it is."""
    match node:
        case Group("all", (Group("any", (own, PickedLeaf())), Not(PickedLeaf()))):
            return own
    return node


@dataclass(frozen=True)
class PickedLeaf(Leaf):
    key: str
    side: str
    type: ClassVar[str] = "picked"

    def sql(self, query: Query) -> Sql:
        alias = query.join(
            "SELECT h.person_id, h.side FROM audience_picked h JOIN audience_segment sg ON sg.id = h.segment_id "
            f"WHERE sg.key = {query.bind(self.key, 'text')} AND {query.within_scope('h.person_id')}"
        )
        return Sql(f"(coalesce({alias}.side, '') = '{self.side}')", None, f"({alias}.side = '{self.side}')")

    def needs(self) -> frozenset[str]:
        return frozenset({f"picked:{self.key}"})

    def says(self) -> str:
        return _("put in by hand") if self.side == "in" else _("kept out by hand")

    def evidence(self, person_id: int) -> list[dict[str, Any]]:
        from headwater.audience.models import Picked, Segment

        segment = Segment.objects.filter(key=self.key).values("pk")
        row = Picked.objects.filter(person_id=person_id, segment_id__in=segment, side=self.side).first()
        if row is None:
            return []
        user = User.objects.filter(pk=user_id(row.actor) or 0).first()
        who = user.name if user else row.actor.partition(":")[0]
        return [{"text": f"{who}: {row.reason}" if row.reason else who, "at": row.at}]
