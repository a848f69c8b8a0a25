"""{"score": "engagement", "op": "gte", "value": 50} or {"score": "engagement", "band": "hot"}; with "of": "company" the
score of her company.

Where points decay, a score that is due is computed from the ledger at the moment of the question, by the formula of
`rules/worth.py`. The loop of due scores (`engine/turns.py`) tests the segments when it brings the score up to date.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from headwater.audience.compiler import words
from headwater.audience.compiler.checks import COMPARE, check
from headwater.audience.compiler.late import resolve
from headwater.audience.compiler.nodes import At, Leaf, Sql, leaf
from headwater.audience.compiler.operators import number
from headwater.audience.compiler.sql import Query, Scope
from headwater.audience.rules import STANDS, band_of
from headwater.audience.rules.worth import GONE, MICRO
from headwater.core import clock

SCORE_OPS = ("eq", "ne", "gt", "gte", "lt", "lte", "between")
OF = ("person", "company")


@leaf("score")
class ScoreLeaf(Leaf):
    model: str
    op: str = ""
    value: Any = None
    band: str = ""
    of: str = "person"
    decays: bool = False
    #: Points from which the band begins and at which the next one does
    low: int | None = None
    high: int | None = None
    #: Whether who has no points is in the band
    zero: bool = False
    keys = ("op", "value", "band", "of")
    schema = {
        "score": {"type": "string"},
        "of": {"enum": list(OF)},
        "op": {"enum": list(SCORE_OPS)},
        "value": {},
        "band": {"type": "string"},
    }

    @classmethod
    def parse(cls, raw: Mapping[str, Any], at: At) -> Leaf:
        from headwater.audience.models import ScoreModel

        key = at.want(raw, "score", lambda v: isinstance(v, str), "the key of a score model")
        model = ScoreModel.objects.filter(key=key).first() if key is not None else None
        if key is not None and model is None:
            at.wrong(f"there is no score model {key!r}", ".score")
        of = raw.get("of", "person")
        if of not in OF:
            at.wrong(f"must be one of {', '.join(OF)}", ".of")
        decays = model is not None and model.decay != "none" and of == "person"
        if "band" in raw:
            for extra in {"op", "value"} & raw.keys():
                at.wrong("not beside 'band'", f".{extra}")
            bands = model.bands if model else []
            keys = [b["key"] for b in bands]
            band = at.want(raw, "band", lambda v: not bands or v in keys, f"one of {', '.join(keys)}")
            n = keys.index(band) if band in keys else 0
            starts = [b["start"] for b in bands] + [None]
            zero = bool(bands) and band_of(0, bands) == band
            low, high = (starts[n], starts[n + 1]) if bands else (None, None)
            return cls(key or "", band=band or "", of=of, decays=decays, low=low, high=high, zero=zero, path=at.path)
        op, value = raw.get("op", "gte"), raw.get("value")
        if op not in SCORE_OPS:
            at.wrong(f"unknown operator {op!r}; one of {', '.join(SCORE_OPS)}", ".op")
        elif problem := check("number", op, value):
            at.wrong(problem, ".value")
        value = tuple(value) if isinstance(value, list) else value
        return cls(key or "", op, value, of=of, decays=decays, path=at.path)

    def sql(self, query: Query) -> Sql:
        if self.of == "company" or self.decays:
            return Sql(self._said(query, self._points(query)))
        if query.bare and (self._above_zero() if not self.band else not self.zero):
            return query.there(f"{self._select(query)} AND {self._has(query)}")
        alias = self._join(query)
        if self.band:
            band = query.bind(self.band, "text")
            if self.zero:
                return Sql(f"(coalesce({alias}.band, {band}) = {band})")
            return Sql(f"coalesce({alias}.band = {band}, false)", None, f"({alias}.band = {band})")
        must = f"({alias}.points {COMPARE[self.op]} {query.bind(self.value, 'int')})" if self._above_zero() else ""
        return Sql(number(query, f"coalesce({alias}.points, 0)", self.op, self.value), None, must)

    def _has(self, query: Query) -> str:
        if self.band:
            return f"s.band = {query.bind(self.band, 'text')}"
        return f"s.points {COMPARE[self.op]} {query.bind(self.value, 'int')}"

    def _join(self, query: Query) -> str:
        return query.join(self._select(query))

    def _select(self, query: Query) -> str:
        model = f"audience_scoremodel m WHERE m.key = {query.bind(self.model, 'text')}"
        fresh = f", {worth(query, 's.points', 's.model_id', model)} AS fresh" if self.decays else ""
        return (
            f"SELECT s.person_id, s.points, s.band{fresh} FROM audience_personscore s "
            f"WHERE s.model_id = (SELECT coalesce(m.space, m.id) FROM {model}) AND {query.within_scope('s.person_id')}"
        )

    def _points(self, query: Query) -> str:
        """The points as SQL; those of a company are one row for each of its people."""
        if self.of == "person":
            return f"coalesce({self._join(query)}.{'fresh' if self.decays else 'points'}, 0)"
        alias = query.join(
            "SELECT pc.id AS person_id, s.points FROM audience_companyscore s JOIN audience_scoremodel m "
            f"ON m.id = s.model_id JOIN people_contact pc ON pc.company_id = s.company_id "
            f"WHERE m.key = {query.bind(self.model, 'text')} AND {query.within_scope('pc.id')}"
        )
        return f"coalesce({alias}.points, 0)"

    def _said(self, query: Query, points: str) -> str:
        if not self.band:
            return number(query, points, self.op, self.value)
        edges = [f"{points} >= {query.bind(self.low, 'int')}"] if self.low is not None else []
        edges += [f"{points} < {query.bind(self.high, 'int')}"] if self.high is not None else []
        return f"({' AND '.join(edges) or 'true'})"

    def _above_zero(self) -> bool:
        """Whether only people who have points can meet it."""
        return self.op in ("gt", "gte") and isinstance(self.value, int) and 0 < self.value < 2**31

    def needs(self) -> frozenset[str]:
        if self.of == "company":
            return frozenset({f"company_score:{self.model}", "field:contact.company"})
        return frozenset({f"score:{self.model}"})

    def says(self) -> str:
        named, bands = words.model_names().get(self.model, (self.model, {}))
        name = named if self.of == "person" else _("%(model)s of the company") % {"model": named}
        if self.band:
            return _("score %(model)s is %(band)s") % {"model": name, "band": bands.get(self.band, self.band)}
        return words.compared(_("score %(model)s") % {"model": name}, self.op, self.value)

    def evidence(self, person_id: int) -> list[dict[str, Any]]:
        from headwater.audience.models import ScoreModel

        query = Query(Scope(ids=[person_id]))
        query.columns.append(f"{self._points(query)} AS points")
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT p.points FROM {query.source()}", resolve(query.params, clock.now()))
            row = cursor.fetchone()
        points = int(row[0]) if row else 0
        bands = ScoreModel.objects.filter(key=self.model).values_list("bands", flat=True).first() or []
        held = next((words.band_name(b) for b in bands if b["key"] == band_of(points, bands)), "")
        return [{"text": _("Score %(points)s (%(band)s)") % {"points": points, "band": held}}]


def worth(query: Query, stored: str, space: str, of: str) -> str:
    """What a row `s` (with person_id and turns_at) is worth at the moment of the question: the stored points, or where
    they are due what the ledger says. of: the one row that says how it decays (FROM and WHERE of the model or topic),
    read once and where anything is due."""
    now = f"floor(extract(epoch FROM {query.present()}))::bigint"
    age = f"GREATEST(0, {now} - floor(extract(epoch FROM e.at))::bigint)"
    stands, span = f"e.kind = '{STANDS}'", "(d.decay_days::bigint * 86400)"
    half = f"CASE WHEN g.age < {GONE} * g.span THEN g.points * power(2::float8, -g.age / g.span::float8) ELSE 0 END"
    halves = f"sum(CASE WHEN g.stands THEN 0 ELSE {half} END)"
    still = "coalesce(sum(g.points) FILTER (WHERE g.stands), 0)"
    young = "sum(g.points * (g.span - g.age)::numeric) FILTER (WHERE NOT g.stands AND g.age < g.span)"
    fraction = (
        f"CASE d.decay WHEN 'half' THEN ({still} * {MICRO} + round(coalesce({halves}, 0) * {MICRO})::numeric) "
        f"WHEN 'linear' THEN {still}::numeric * {span} + coalesce({young}, 0) "
        f"ELSE coalesce(sum(g.points) FILTER (WHERE d.decay = 'none' OR g.stands OR g.age < g.span), 0)::numeric END"
    )
    bottom = f"CASE d.decay WHEN 'half' THEN {MICRO}::numeric WHEN 'linear' THEN {span}::numeric ELSE 1::numeric END"
    lines = (
        f"SELECT e.points, {stands} AS stands, {age} AS age, {span} AS span FROM audience_scoreentry e "
        f"WHERE e.person_id = s.person_id AND e.model_id = {space}"
    )
    floored = (
        "div(2 * f.top + f.bottom, 2 * f.bottom) - CASE WHEN 2 * f.top + f.bottom < 0 "
        "AND mod(2 * f.top + f.bottom, 2 * f.bottom) <> 0 THEN 1 ELSE 0 END"
    )
    return (
        f"CASE WHEN s.turns_at <= {query.present()} THEN (SELECT ({floored})::int "
        f"FROM (SELECT decay, decay_days FROM {of}) d "
        f"CROSS JOIN LATERAL (SELECT {fraction} AS top, {bottom} AS bottom FROM ({lines}) g) f) ELSE {stored} END"
    )
