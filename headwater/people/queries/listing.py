"""The list of people: search, filters, orders, pages by keyset. The same few statements for ten rows or a million."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from psycopg.sql import Literal

from .. import registry, rules
from ..rules.search import like

#: Matches are counted up to here; beyond, it is "10,000+".
COUNT_CAP = 10_000
MAX_COMPANIES = 200
_COLUMNS = (
    "c.id, c.name, c.email, c.stage, c.tags, c.last_seen_at, c.created_at, c.company_id, co.name, c.owner_id, "
    "u.first_name, u.last_name, u.email, u.hue, c.job_title, c.phone"
)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list shows: `filters` by name (see registry.filters), `sort` a name of registry.sorts."""

    q: str = ""
    filters: tuple[tuple[str, str], ...] = ()
    sort: str = "created"
    descending: bool | None = None  # None: as the order is meant

    @property
    def order(self) -> registry.Sort:
        return registry.sorts.get(self.sort) or registry.sorts["created"]

    @property
    def falls(self) -> bool:
        return self.order.descending if self.descending is None else self.descending


@dataclass(frozen=True, slots=True)
class Row:
    id: int
    name: str
    email: str
    stage: str
    tags: list[str]
    last_seen_at: datetime | None
    created_at: datetime
    company_id: int | None
    company: str
    owner_id: int | None
    owner: str
    owner_initials: str
    owner_hue: int
    job_title: str
    phone: str
    cursor: str = field(repr=False)

    @property
    def title(self) -> str:
        return self.name or self.email or self.phone or f"#{self.id}"

    @property
    def initials(self) -> str:
        return rules.initials(self.name, self.email)

    @property
    def hue(self) -> int:
        return hue_of(self.id)


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Row]
    next: str  # cursor of the page that follows, "" at the end
    matches: int  # how many match, at most COUNT_CAP + 1; -1 where the page did not have to count


def hue_of(pk: int) -> int:
    """The colour of an avatar: always the same for the same record."""
    return (60, 150, 190, 235, 265, 300, 25, 345, 90)[pk % 9]


def page(listing: Listing, cursor: str = "", limit: int = 50) -> Page:
    """A page of the list. Raises ValueError on a malformed cursor."""
    where = where_of(listing)
    matches = _count(*where) if listing.q else -1
    rows = _fetch(listing, where, _decode(cursor), limit + 1, narrow=0 <= matches <= COUNT_CAP)
    more = len(rows) > limit
    return Page(rows[:limit], rows[limit - 1].cursor if more else "", matches)


def count(listing: Listing) -> int:
    """How many match, at most COUNT_CAP + 1."""
    where, args = where_of(listing)
    return _count(where, args)


def neighbours(listing: Listing, person_id: int) -> tuple[int | None, int | None]:
    """Who stands before and after a person in a list; (None, None) where she does not match its order any more."""
    order = listing.order
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ({order.value})::text FROM people_contact c {order.join} WHERE c.id = %s", [person_id])
        found = cursor.fetchone()
    if not found:
        return None, None
    at = (found[0], person_id)
    where = where_of(listing)
    narrow = bool(listing.q) and _count(*where) <= COUNT_CAP
    before = _fetch(listing, where, at, 1, narrow=narrow, backwards=True)
    after = _fetch(listing, where, at, 1, narrow=narrow)
    return (before[0].id if before else None), (after[0].id if after else None)


def _fetch(
    listing: Listing,
    found: tuple[list[str], list[Any]],
    at: tuple[str | None, int] | None,
    limit: int,
    *,
    narrow: bool,
    backwards: bool = False,
) -> list[Row]:
    """Rows after `at` (value as text, id). Those with a value come first, then those without: two indexed reads
    instead of one that no index serves. found: the conditions and their arguments."""
    where, args = found
    falls = listing.falls != backwards
    phases = [False, True] if backwards else [True, False]
    if at is not None and (at[0] is not None) == phases[1]:
        phases = phases[1:]  # `at` stands in the second part: the first one lies behind
    if not listing.order.nullable:
        phases = [True]
    rows: list[Row] = []
    for valued in phases:
        start = at if at is not None and (at[0] is not None) == valued else None
        rows += _phase(listing.order, where, args, start, limit - len(rows), valued, falls, narrow)
        if len(rows) >= limit:
            break
    return rows


def _phase(
    order: registry.Sort,
    where: Sequence[str],
    args: Sequence[Any],
    at: tuple[str | None, int] | None,
    limit: int,
    valued: bool,
    falls: bool,
    narrow: bool,
) -> list[Row]:
    conditions, values = [*where], [*args]
    if order.nullable:
        conditions.append(f"{order.value} IS {'NOT ' if valued else ''}NULL")
    way, than = ("DESC", "<") if falls else ("ASC", ">")
    if at is not None:
        if valued:
            conditions.append(f"({order.value}, c.id) {than} (%s::{order.value_type}, %s)")
            values += [at[0], at[1]]
        else:
            conditions.append(f"c.id {than} %s")
            values.append(at[1])
    by = f"{order.value} {way}, c.id {way}" if valued else f"c.id {way}"
    picked = f"SELECT c.id AS pick FROM people_contact c {order.join} "
    picked += f"WHERE {' AND '.join(conditions) or 'true'} ORDER BY {by} LIMIT {limit:d}"
    if narrow:
        # Few match: find them all by their index, then sort them. Left to itself the planner may walk the whole
        # order looking for them.
        few = f"SELECT c.id, {order.value} AS value FROM people_contact c {order.join} "
        few += f"WHERE {' AND '.join(where) or 'true'}"
        rest = " AND ".join(conditions[len(where) :]).replace(order.value, "value").replace("c.id", "few.id")
        sorted_by = by.replace(order.value, "value").replace("c.id", "few.id")
        picked = f"WITH few AS MATERIALIZED ({few}) SELECT few.id AS pick FROM few "
        picked += f"WHERE {rest or 'true'} ORDER BY {sorted_by} LIMIT {limit:d}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS}, ({order.value})::text FROM ({picked}) p JOIN people_contact c ON c.id = p.pick "
            f"{order.join} LEFT JOIN people_company co ON co.id = c.company_id "
            f"LEFT JOIN accounts_user u ON u.id = c.owner_id ORDER BY {by}",
            values,
        )
        return [_row(*found) for found in cursor.fetchall()]


def _row(*v: Any) -> Row:
    owner = " ".join(part for part in v[10:12] if part) or v[12] or ""
    letters = (((v[10] or "")[:1] + (v[11] or "")[:1]) or (v[12] or "")[:2]).upper()
    values: list[Any] = [*v[:8], v[8] or "", v[9], owner, letters, v[13] or 265, v[14], v[15], _encode(v[16], v[0])]
    return Row(*values)


def where_of(listing: Listing) -> tuple[list[str], list[Any]]:
    """The conditions of a list over `people_contact c`, to be joined by AND, and their arguments."""
    where: list[str] = []
    args: list[Any] = []
    for name, value in listing.filters:
        known = registry.filters.get(name)
        if known is not None and value:
            try:
                sql, more = known.condition(value)
            except ValueError:
                continue
            where.append(f"({sql})")
            args += more
    query = rules.parse(listing.q)
    if query:
        sql, more = matches(query, "c")
        found = company_ids(query)
        if found:
            sql, more = f"({sql} OR c.company_id = ANY(%s))", [*more, found]
        where.append(sql)
        args += more
    elif listing.q.strip():
        where.append("false")
    return where, args


def matches(query: rules.Query, alias: str) -> registry.Condition:
    """SQL that finds what was typed in `search` and `grams` of a table.

    What was typed stands in the statement itself: whether the index helps depends on it, and PostgreSQL plans a
    statement that comes again and again with other arguments for none of them (100 ms instead of 10).
    """
    parts = [f"{alias}.search LIKE {_literal(like(text))}" for text in query.likes]
    if query.grams:
        parts.append(f"{alias}.grams @> {_literal(list(query.grams))}")
    return "(" + " AND ".join(parts) + ")", []


def _literal(value: str | list[str]) -> str:
    return Literal(value).as_string(None).replace("%", "%%")


def company_ids(query: rules.Query) -> list[int]:
    """Companies that fit what was typed."""
    sql, args = matches(query, "co")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT co.id FROM people_company co WHERE {sql} LIMIT {MAX_COMPANIES}", args)
        return [pk for (pk,) in cursor.fetchall()]


def _count(where: Sequence[str], args: Sequence[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM people_contact c WHERE {' AND '.join(where) or 'true'} "
            f"LIMIT {COUNT_CAP + 1}) m",
            args,
        )
        return int(cursor.fetchone()[0])


def _encode(value: str | None, pk: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([value, pk], ensure_ascii=False).encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[str | None, int] | None:
    if not cursor:
        return None
    try:
        value, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(pk, int) or not isinstance(value, (str, type(None))):
            raise TypeError
    except (ValueError, TypeError) as error:
        raise ValueError(f"not a cursor of this list: {cursor!r}") from error
    return value, pk
