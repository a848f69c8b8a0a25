"""What the limits of rules leave of their points, in the order in which facts come.

A limit counts what the rule gave (points without their sign, or times) on the fact's day in UTC, in the 7 or 30 days up
to the fact, or ever."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection

from headwater.core.arrays import columns

from .ledger import Happened
from .scales import Limit, Rule

#: (person, rule, space) -> (when, points without sign) that it gave
Given = dict[tuple[int, int, int], list[tuple[datetime, int]]]
BEGINNING = datetime(1, 1, 2, tzinfo=UTC)


def capped(hits: Sequence[tuple[Happened, Rule]], *, fresh: bool = False) -> list[tuple[Happened, Rule, int]]:
    """Each fact and rule once, with the points that are left for it. fresh: the rules gave nothing before."""
    limited = [(e, r) for e, r in hits if r.limits]
    had = _had(limited) if limited and not fresh else defaultdict(list)
    out = []
    seen: set[tuple[int, UUID, int, int]] = set()
    for e, r in hits:
        if (e.person_id, e.id, r.id, r.space) in seen:
            continue
        seen.add((e.person_id, e.id, r.id, r.space))
        points = r.points
        if r.limits:
            before = had[e.person_id, r.id, r.space]
            left = min(_left(limit, abs(points), e.at, before) for limit in r.limits)
            points = left if points > 0 else -left
            if points:
                before.append((e.at, left))
        out.append((e, r, points))
    return out


def _left(limit: Limit, wanted: int, at: datetime, given: Sequence[tuple[datetime, int]]) -> int:
    if limit.seconds is None:
        inside = [points for _, points in given]
    elif limit.seconds == 0:
        day = at.astimezone(UTC).date()
        inside = [points for when, points in given if when.astimezone(UTC).date() == day]
    else:
        edge = at - timedelta(seconds=limit.seconds)
        inside = [points for when, points in given if edge < when <= at]
    if limit.times:
        return wanted if len(inside) < limit.most else 0
    return max(0, min(wanted, limit.most - sum(inside)))


def _since(rule: Rule, at: datetime) -> datetime:
    """The earliest moment that a limit of the rule looks back to."""
    spans = [limit.seconds for limit in rule.limits]
    if None in spans:
        return BEGINNING
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return min(day, *(at - timedelta(seconds=s) for s in spans if s is not None))


def _had(hits: Sequence[tuple[Happened, Rule]]) -> Given:
    """What these rules gave these people, as far back as their limits look."""
    since: dict[tuple[int, int, int], datetime] = {}
    for e, r in hits:
        key, edge = (e.person_id, r.id, r.space), _since(r, e.at)
        since[key] = min(since.get(key, edge), edge)
    rows = [(*key, edge) for key, edge in since.items()]
    out: Given = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.person_id, s.rule_id, s.model_id, s.at, abs(s.points) "
            "FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[]) AS n(p, r, m, edge) "
            "JOIN audience_scoreentry s ON s.person_id = n.p AND s.at >= n.edge AND s.rule_id = n.r "
            "AND s.model_id = n.m WHERE s.person_id = ANY(%s)",
            [*columns(rows, 4), list({p for p, _, _ in since})],
        )
        for person_id, rule_id, space, at, points in cursor.fetchall():
            out[person_id, rule_id, space].append((at, points))
    return out
