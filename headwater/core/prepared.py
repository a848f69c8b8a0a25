"""Queries of pages that every reader waits for: the SQL is made once in a process, and then only run.

Django writes the SQL of a query anew each time, which takes twice as long as PostgreSQL takes to answer by primary
key. Here the writing is done once (by Django's own compiler) and the rows become the same model instances:

    _by_id = Prepared(lambda pk: Contact.objects.select_related("company").filter(pk=pk))
    contact = _by_id.first(7)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable, get_related_populators

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class _Written:
    """SQL, where the arguments go among its parameters, and how a row becomes an instance."""

    sql: str
    params: tuple[Any, ...]
    places: tuple[tuple[int, int], ...]  # (position among params, number of the argument)
    model: Any
    names: list[str]
    columns: slice
    related: list[Any]
    converters: list[tuple[int, list[Any], Any]]  # (column, functions, expression), as JSON has


class Prepared(Generic[M]):
    """A query with a place for each argument of `make`, which may be whole numbers, texts, or moments, each compared
    with a column as it is."""

    def __init__(self, make: Callable[..., QuerySet[M]]) -> None:
        self.make = make
        self.written: dict[tuple[type, ...], _Written] = {}

    def __call__(self, *args: int | str | datetime) -> list[M]:
        """The instances, in the query's order. Raises what the database raises, and TypeError on a query this is not
        made for."""
        kinds = tuple([type(a) for a in args])
        found = self.written.get(kinds)
        if found is None:
            found = self.written[kinds] = self._write(args)
        params = list(found.params)
        for place, number in found.places:
            params[place] = args[number]
        with connection.cursor() as cursor:
            cursor.execute(found.sql, params)
            rows: Sequence[Sequence[Any]] = cursor.fetchall()
        if found.converters:
            rows = [_converted(row, found.converters) for row in rows]
        out = []
        for row in rows:
            instance = found.model.from_db("default", found.names, row[found.columns])
            for populator in found.related:
                populator.populate(row, instance)
            out.append(instance)
        return out

    def first(self, *args: int | str | datetime) -> M | None:
        """The first instance, or None. The query itself should say that it wants one."""
        found = self(*args)
        return found[0] if found else None

    def _write(self, args: Sequence[Any]) -> _Written:
        marks = [_mark(a, n) for n, a in enumerate(args)]
        query: Any = self.make(*marks)
        if (
            query._iterable_class is not ModelIterable
            or query._prefetch_related_lookups
            or query._known_related_objects
        ):
            raise TypeError("a prepared query gives plain instances, without prefetched ones")
        compiler = query.query.get_compiler(using=connection.alias)
        sql, params = compiler.as_sql()
        places = tuple((p, marks.index(value)) for p, value in enumerate(params) if value in marks)
        if {number for _, number in places} != set(range(len(args))):
            raise TypeError("an argument is not compared as it is; leave this query to Django")
        if compiler.annotation_col_map or not compiler.klass_info:
            raise TypeError("a prepared query has no annotations")
        fields = compiler.klass_info["select_fields"]
        columns = slice(fields[0], fields[-1] + 1)
        return _Written(
            sql,
            tuple(params),
            places,
            compiler.klass_info["model"],
            [column[0].target.attname for column in compiler.select[columns]],
            columns,
            get_related_populators(compiler.klass_info, compiler.select, connection.alias),  # type: ignore[call-arg]
            [(n, *found) for n, found in compiler.get_converters([c[0] for c in compiler.select]).items()],
        )


def _converted(row: Sequence[Any], converters: list[tuple[int, list[Any], Any]]) -> Sequence[Any]:
    values = list(row)
    for column, functions, expression in converters:
        for function in functions:
            values[column] = function(values[column], expression, connection)
    return values


def _mark(value: Any, number: int) -> Any:
    """A value that stands for an argument while the SQL is written; nobody else writes such ones."""
    if isinstance(value, datetime):
        return datetime(1, 1, 2, tzinfo=UTC) + timedelta(microseconds=number)
    return f"\x02argument {number}\x03" if isinstance(value, str) else 2_094_117_000 + number
