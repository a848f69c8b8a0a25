"""What belongs to a person, table by table: erased, exported, moved to somebody else and back.

A package declares its tables and hands functions made of them to `people.registry.holders`, so that each writes its own
rows only. Every statement names the person (and the lane), so a cluster sends it to one shard; changing the person of a
hot row is a delete and an insert (scale.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from .lanes import lane_key

#: Of one table, as a merge keeps it: "keys" of the rows that moved, "rows" that could not move because the survivor
#: has one of their key, "named": [key, column's value] of rows that were given another name
Moved = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """A table whose rows belong to people.

    match: the columns that tell a person's rows apart, for the way back (the key without person and lane, if left
    out). rename: a column that must be unique for a person; a row that clashes is moved under another name.
    """

    model: type[models.Model]
    person: str = "person_id"
    match: tuple[str, ...] = ()
    rename: str = ""
    within: tuple[str, ...] = ()  # `rename` is unique within these columns
    hidden: tuple[str, ...] = ()  # columns that an export leaves out

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def columns(self) -> list[str]:
        return [f.column for f in self.model._meta.concrete_fields if f.column]

    @property
    def laned(self) -> bool:
        return "lane_key" in self.columns

    @property
    def keys(self) -> tuple[str, ...]:
        pk = self.model._meta.pk
        names: tuple[str, ...] = getattr(pk, "field_names", None) or (str(pk.column),)
        return self.match or tuple(n for n in names if n not in (self.person, "lane_key"))

    @property
    def in_place(self) -> bool:
        """Its key does not hold the person: a move is an update."""
        pk = self.model._meta.pk
        return not hasattr(pk, "field_names")

    def type_of(self, column: str) -> str:
        field = next(f for f in self.model._meta.concrete_fields if f.column == column)
        return str(field.rel_db_type(connection) if field.primary_key else field.db_type(connection))

    def of(self, person_id: int, alias: str = "t") -> tuple[str, list[Any]]:
        """The condition for a person's rows, and its arguments."""
        if self.laned:
            return f"{alias}.lane_key = %s AND {alias}.{self.person} = %s", [lane_key(person_id), person_id]
        return f"{alias}.{self.person} = %s", [person_id]

    def moved(self, alias: str) -> str:
        """The select list of rows that change hands: takes the new person (and her lane) as arguments."""
        new = {self.person: "%s::bigint", "lane_key": "%s::bigint"}
        return ", ".join(new.get(c, f"{alias}.{c}") for c in self.columns)

    def hands(self, person_id: int) -> list[Any]:
        """The arguments of `moved`."""
        both = {self.person: person_id, "lane_key": lane_key(person_id)}
        return [both[c] for c in self.columns if c in both]


def erase(tables: Sequence[Table], person_ids: Sequence[int]) -> None:
    """Delete everything that these tables hold of people."""
    people, lanes = list(person_ids), sorted({lane_key(p) for p in person_ids})
    with connection.cursor() as cursor:
        for t in tables:
            where = "lane_key = ANY(%s) AND " if t.laned else ""
            args = [lanes, people] if t.laned else [people]
            cursor.execute(f"DELETE FROM {t.name} WHERE {where}{t.person} = ANY(%s)", args)


def export(tables: Sequence[Table], person_id: int) -> dict[str, list[dict[str, Any]]]:
    """Everything that these tables hold of a person, as JSON; tables without any are left out."""
    out: dict[str, list[dict[str, Any]]] = {}
    with connection.cursor() as cursor:
        for t in tables:
            where, args = t.of(person_id)
            cursor.execute(
                f"SELECT (to_jsonb(t) - %s::text[])::text FROM {t.name} t WHERE {where}",
                [[*t.hidden, "lane_key"], *args],
            )
            rows = sorted(row for (row,) in cursor.fetchall())
            if rows:
                out[t.name] = [json.loads(row) for row in rows]
    return out


def rows(table: Table, person_id: int) -> list[dict[str, Any]]:
    """A person's rows as they are."""
    where, args = table.of(person_id)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(t)::text FROM {table.name} t WHERE {where}", args)
        return [json.loads(row) for (row,) in cursor.fetchall()]


def put(table: Table, found: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows as `rows` gave them; those that are there stay."""
    if found:
        columns = ", ".join(table.columns)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table.name} ({columns}) SELECT {columns} "
                f"FROM jsonb_populate_recordset(NULL::{table.name}, %s::jsonb) ON CONFLICT DO NOTHING",
                [json.dumps(list(found))],
            )


def move(tables: Sequence[Table], giver: int, taker: int, mark: str) -> dict[str, Moved]:
    """Give a person's rows to another; both lanes are held. mark: makes names of clashing rows unique. Returns what
    `back` needs, by table."""
    out = {}
    for t in tables:
        moved = _update(t, giver, taker) if t.in_place else _carry(t, giver, taker, mark)
        if any(moved.values()):
            out[t.name] = moved
    return out


def _update(t: Table, giver: int, taker: int) -> Moved:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {t.name} SET {t.person} = %s WHERE {t.person} = %s RETURNING {t.keys[0]}::text", [taker, giver]
        )
        return {"keys": sorted([key] for (key,) in cursor.fetchall())}


def _carry(t: Table, giver: int, taker: int, mark: str) -> Moved:
    named = _rename(t, giver, taker, mark) if t.rename else []
    key = ", ".join(f"put.{k}" for k in t.keys)
    same = " AND ".join(f"put.{k} = g.{k}" for k in t.keys)
    where, args = t.of(giver)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH gone AS (DELETE FROM {t.name} t WHERE {where} RETURNING t.*), "
            f"put AS (INSERT INTO {t.name} ({', '.join(t.columns)}) SELECT {t.moved('gone')} FROM gone "
            f"ON CONFLICT DO NOTHING RETURNING {', '.join(t.keys)}) "
            f"SELECT (SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_array({key})), '[]')::text FROM put), "
            "(SELECT coalesce(jsonb_agg(to_jsonb(g)), '[]')::text FROM gone g "
            f"WHERE NOT EXISTS (SELECT 1 FROM put WHERE {same}))",
            [*args, *t.hands(taker)],
        )
        keys, left = cursor.fetchone()
    return {"keys": json.loads(keys), "rows": json.loads(left), "named": named}


def _rename(t: Table, giver: int, taker: int, mark: str) -> list[Any]:
    within = "".join(f" AND y.{c} = x.{c}" for c in t.within)
    key = ", ".join(f"x.{k}" for k in t.keys)
    clash = (
        f"x.{t.person} = %s AND EXISTS (SELECT 1 FROM {t.name} y WHERE y.{t.person} = %s "
        f"AND y.{t.rename} = x.{t.rename}{within})"
    )
    field = next(f for f in t.model._meta.concrete_fields if f.column == t.rename)
    room = (field.max_length or 100) - len(mark) - 1
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT jsonb_build_array({key})::text, x.{t.rename} FROM {t.name} x WHERE {clash}", [giver, taker]
        )
        found = [[json.loads(k), name] for k, name in cursor.fetchall()]
        if found:
            cursor.execute(
                f"UPDATE {t.name} x SET {t.rename} = left(x.{t.rename}, %s) || %s WHERE {clash}",
                [room, f"~{mark}", giver, taker],
            )
    return found


def back(tables: Sequence[Table], kept: Mapping[str, Moved], owner: int, holder: int) -> None:
    """Give the rows back that `move` took from `owner`, as they are now; rows that have gone since stay gone."""
    for t in tables:
        moved = kept.get(t.name)
        if moved:
            give(t, moved.get("keys", ()), holder, owner)
            put(t, moved.get("rows", ()))
            for key, name in moved.get("named", ()):
                _name_again(t, owner, key, name)


def give(t: Table, keys: Sequence[Sequence[Any]], giver: int, taker: int) -> None:
    """Give these of a person's rows to another."""
    if not keys:
        return
    listed = ", ".join(f"(x->>{n})::{t.type_of(k)} AS {k}" for n, k in enumerate(t.keys))
    same = " AND ".join(f"t.{k} = k.{k}" for k in t.keys)
    where, args = t.of(giver)
    asked = f"WITH k AS MATERIALIZED (SELECT {listed} FROM jsonb_array_elements(%s::jsonb) x)"
    with connection.cursor() as cursor:
        if t.in_place:
            cursor.execute(
                f"{asked} UPDATE {t.name} t SET {t.person} = %s FROM k WHERE {where} AND {same}",
                [json.dumps(list(keys)), taker, *args],
            )
            return
        cursor.execute(
            f"{asked}, gone AS (DELETE FROM {t.name} t USING k WHERE {where} AND {same} RETURNING t.*) "
            f"INSERT INTO {t.name} ({', '.join(t.columns)}) SELECT {t.moved('gone')} FROM gone ON CONFLICT DO NOTHING",
            [json.dumps(list(keys)), *args, *t.hands(taker)],
        )


def _name_again(t: Table, owner: int, key: Sequence[Any], name: str) -> None:
    same = " AND ".join(f"{k} = %s::{t.type_of(k)}" for k in t.keys)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {t.name} SET {t.rename} = %s WHERE {t.person} = %s AND {same}", [name, owner, *map(str, key)]
        )
