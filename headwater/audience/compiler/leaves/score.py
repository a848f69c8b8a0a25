"""{"score": "engagement", "op": "gte", "value": 50} or {"score": "engagement", "band": "hot"}"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from headwater.audience.compiler import words
from headwater.audience.compiler.checks import COMPARE, check
from headwater.audience.compiler.nodes import At, Leaf, Sql, leaf
from headwater.audience.compiler.operators import number
from headwater.audience.compiler.sql import Query
from headwater.audience.rules import BANDS, COLD

SCORE_OPS = ("eq", "ne", "gt", "gte", "lt", "lte", "between")


@leaf("score")
class ScoreLeaf(Leaf):
    model: str
    op: str = ""
    value: Any = None
    band: str = ""
    keys = ("op", "value", "band")
    schema = {
        "score": {"type": "string"},
        "op": {"enum": list(SCORE_OPS)},
        "value": {},
        "band": {"enum": list(BANDS)},
    }

    @classmethod
    def parse(cls, raw: Mapping[str, Any], at: At) -> Leaf:
        from headwater.audience.models import ScoreModel

        key = at.want(raw, "score", lambda v: isinstance(v, str), "the key of a score model")
        if key is not None and not ScoreModel.objects.filter(key=key).exists():
            at.wrong(f"there is no score model {key!r}", ".score")
        if "band" in raw:
            band = at.want(raw, "band", lambda v: v in BANDS, f"one of {', '.join(BANDS)}")
            for extra in {"op", "value"} & raw.keys():
                at.wrong("not beside 'band'", f".{extra}")
            return cls(key or "", band=band or "", path=at.path)
        op, value = raw.get("op", "gte"), raw.get("value")
        if op not in SCORE_OPS:
            at.wrong(f"unknown operator {op!r}; one of {', '.join(SCORE_OPS)}", ".op")
        elif problem := check("number", op, value):
            at.wrong(problem, ".value")
        return cls(key or "", op, tuple(value) if isinstance(value, list) else value, path=at.path)

    def sql(self, query: Query) -> Sql:
        alias = query.join(
            "SELECT s.person_id, s.points, s.band FROM audience_personscore s JOIN audience_scoremodel m "
            f"ON m.id = s.model_id WHERE m.key = {query.bind(self.model, 'text')} "
            f"AND {query.within_scope('s.person_id')}"
        )
        if self.band:
            band = query.bind(self.band, "text")
            must = "" if self.band == COLD else f"({alias}.band = {band})"
            return Sql(f"(coalesce({alias}.band, '{COLD}') = {band})", None, must)
        must = f"({alias}.points {COMPARE[self.op]} {query.bind(self.value, 'int')})" if self._above_zero() else ""
        return Sql(number(query, f"coalesce({alias}.points, 0)", self.op, self.value), None, must)

    def _above_zero(self) -> bool:
        """Whether only people who have points can meet it."""
        return self.op in ("gt", "gte") and isinstance(self.value, int) and 0 < self.value < 2**31

    def needs(self) -> frozenset[str]:
        return frozenset({f"score:{self.model}"})

    def says(self) -> str:
        if self.band:
            return _("score %(model)s is %(band)s") % {"model": self.model, "band": self.band}
        return _("score %(model)s %(op)s") % {"model": self.model, "op": words.compare(self.op, self.value)}

    def evidence(self, person_id: int) -> list[dict[str, Any]]:
        from headwater.audience.models import PersonScore, ScoreModel

        model = ScoreModel.objects.filter(key=self.model).first()
        row = PersonScore.objects.filter(person_id=person_id, model_id=model.pk if model else 0).first()
        return [
            {
                "text": _("Score %(points)s (%(band)s)")
                % {"points": row.points if row else 0, "band": row.band if row else COLD}
            }
        ]
