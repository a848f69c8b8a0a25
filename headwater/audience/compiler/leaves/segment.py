"""{"segment": "newsletter"}: in another segment. Its condition is taken in, so that windows and dependencies of the
inner one are those of the outer one; a cycle is refused with its path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from headwater.audience.compiler.nodes import At, Group, Leaf, Node, leaf, needs_of

from .picked import with_picked


@leaf("segment")
class SegmentLeaf(Leaf):
    key: str
    inner: Node = Group("any", ())
    name: str = ""
    schema = {"segment": {"type": "string"}}

    @classmethod
    def parse(cls, raw: Mapping[str, Any], at: At) -> Leaf:
        from headwater.audience.compiler.parse import parse_node

        key = at.want(raw, "segment", lambda v: isinstance(v, str), "the key of a segment")
        if key is None:
            return cls("")
        if key in at.trail:
            way = " → ".join((*at.trail[at.trail.index(key) :], key))
            at.wrong(f"leads back to itself: {way}", ".segment")
            return cls(key)
        known = at.segments(key)
        if known is None:
            at.wrong(f"there is no segment {key!r}", ".segment")
            return cls(key)
        below = At(at.path + ".segment", [], at.segments, (*at.trail, key), at.budget)
        inner = parse_node(known.condition, below, 1)
        if known.picked:
            inner = with_picked(inner, key)
        for problem in below.problems:
            at.problems.append(replace(problem, path=at.path + ".segment"))
        return cls(key, inner, known.name, path=at.path)

    def expand(self) -> Node:
        return self.inner

    def needs(self) -> frozenset[str]:
        return needs_of(self.inner) | {f"segment:{self.key}"}

    def says(self) -> str:
        return _("in the segment “%(name)s”") % {"name": self.name or self.key}
