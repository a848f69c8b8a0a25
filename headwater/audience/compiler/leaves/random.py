"""{"random": 10}: a stable sample of 10 per cent, drawn by the person's id and the segment's key; a "seed" draws a
sample of its own, which several segments can share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from django.utils.translation import gettext as _

from headwater.audience.compiler.nodes import At, Leaf, Sql, leaf
from headwater.audience.compiler.sql import Query


@leaf("random")
class RandomLeaf(Leaf):
    percent: float
    seed: int = 0
    keys = ("seed",)
    schema = {"random": {"type": "number", "exclusiveMinimum": 0, "maximum": 100}, "seed": {"type": "integer"}}

    @classmethod
    def parse(cls, raw: Mapping[str, Any], at: At) -> Leaf:
        percent = at.want(
            raw,
            "random",
            lambda v: isinstance(v, (int, float)) and not isinstance(v, bool) and 0 < v <= 100,
            "a percentage above 0, up to 100",
        )
        seed = raw.get("seed", crc32(at.trail[-1].encode()) & 0x7FFFFFFF if at.trail else 0)
        if not isinstance(seed, int) or isinstance(seed, bool) or abs(seed) >= 2**31:
            at.wrong("must be a whole number", ".seed")
            seed = 0
        return cls(percent or 1, seed, path=at.path)

    def sql(self, query: Query) -> Sql:
        # (the hash as an unsigned number) modulo 10,000, in whole numbers: 2^63 leaves 5,808
        rest = f"mod(hashint8extended(c.id, {query.bind(self.seed, 'bigint')}), 10000)"
        return Sql(f"(mod({rest} + 15808, 10000) < {query.bind(round(self.percent * 100), 'bigint')})")

    def needs(self) -> frozenset[str]:
        return frozenset()

    def says(self) -> str:
        return _("in a random sample of %(percent)s %%") % {"percent": f"{self.percent:g}"}
