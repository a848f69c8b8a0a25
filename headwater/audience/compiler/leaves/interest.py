"""{"interest": "pricing"}, with "op" and "value" on what its signs are worth by now and "within" for its last sign:
{"interest": "forecasting", "op": "gte", "value": 3, "within": "30d"}

An interest that is due is computed from the ledger at the moment of the question, as scores are (`score.worth`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from headwater.audience.compiler import words
from headwater.audience.compiler.checks import COMPARE, check
from headwater.audience.compiler.late import resolve
from headwater.audience.compiler.nodes import At, Leaf, Sql, leaf
from headwater.audience.compiler.operators import at_moment, number
from headwater.audience.compiler.sql import Query, Scope
from headwater.core import clock

from .score import worth


@leaf("interest")
class InterestLeaf(Leaf):
    topic: str
    op: str = "gte"
    value: float = 1
    within: str = ""
    decays: bool = False
    keys = ("op", "value", "within")
    schema = {
        "interest": {"type": "string"},
        "op": {"enum": [*COMPARE]},
        "value": {"type": "number"},
        "within": {"type": "string", "pattern": "^[0-9]{1,6}[smhdw]$"},
    }

    @classmethod
    def parse(cls, raw: Mapping[str, Any], at: At) -> Leaf:
        from headwater.audience.models import Topic

        topic = at.want(raw, "interest", lambda v: isinstance(v, str), "the key of a topic")
        found = Topic.objects.filter(key=topic).first() if topic is not None else None
        if topic is not None and found is None:
            at.wrong(f"there is no topic {topic!r}", ".interest")
        op, value, within = raw.get("op", "gte"), raw.get("value", 1), raw.get("within", "")
        if not isinstance(op, str) or op not in COMPARE:
            at.wrong(f"unknown operator {op!r}; one of {', '.join(COMPARE)}", ".op")
        elif problem := check("number", op, value):
            at.wrong(problem, ".value")
        if "within" in raw and (problem := check("datetime", "within", within)):
            at.wrong(problem, ".within")
        decays = found is not None and found.decay != "none"
        return cls(topic or "", op, value, within, decays, path=at.path)

    def sql(self, query: Query) -> Sql:
        some = self.op in ("gt", "gte") and isinstance(self.value, int) and 0 < self.value < 2**31
        if query.bare and some and not self.within:
            enough = f"{self._weight(query)} {COMPARE[self.op]} {query.bind(self.value, 'int')}"
            return query.there(f"{self._select(query)} AND {enough}")
        alias = self._join(query)
        weighs = number(query, f"coalesce({alias}.weight, 0)", self.op, self.value)
        if not self.within:
            must = f"({alias}.weight {COMPARE[self.op]} {query.bind(self.value, 'int')})" if some else ""
            return Sql(weighs, None, must)
        recent = at_moment(query, f"{alias}.last_at", "within", self.within)
        return Sql(f"({weighs} AND {recent.value})", recent.turns)

    def _join(self, query: Query) -> str:
        return query.join(self._select(query))

    def _weight(self, query: Query) -> str:
        return worth(query, "s.weight", "-s.topic_id", self._topic(query)) if self.decays else "s.weight"

    def _topic(self, query: Query) -> str:
        return f"audience_topic t WHERE t.key = {query.bind(self.topic, 'text')}"

    def _select(self, query: Query) -> str:
        return (
            f"SELECT s.person_id, {self._weight(query)} AS weight, s.last_at FROM audience_interest s "
            f"WHERE s.topic_id = (SELECT coalesce(t.space, t.id) FROM {self._topic(query)}) "
            f"AND {query.within_scope('s.person_id')}"
        )

    def needs(self) -> frozenset[str]:
        return frozenset({f"interest:{self.topic}"})

    def says(self) -> str:
        what = _("interest in %(topic)s") % {"topic": words.topic_name(self.topic)}
        said = words.compared(what, self.op, self.value)
        return f"{said} {words.within(self.within)}" if self.within else said

    def evidence(self, person_id: int) -> list[dict[str, Any]]:
        query = Query(Scope(ids=[person_id]))
        alias = self._join(query)
        query.columns += [f"{alias}.weight AS weight", f"{alias}.last_at AS last_at"]
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT p.weight, p.last_at FROM {query.source()}", resolve(query.params, clock.now()))
            weight, last = cursor.fetchone() or (None, None)
        if weight is None:
            return [{"text": _("No sign of interest yet")}]
        return [{"text": _("Interest %(weight)s, last sign") % {"weight": weight}, "at": last}]
