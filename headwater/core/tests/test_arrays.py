"""Lists reach PostgreSQL as they are, whatever is in them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import connection

from headwater.core.arrays import FastListDumper

AT = datetime(2026, 11, 2, 9, 30, 0, 123456, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bigint", [1, -2, 2**62, -(2**63)]),
        ("bigint", [1, None, 3]),
        ("text", ["a", "", "NULL", "null", " b ", "{}", "a,b", "日本語", "🙂"]),
        ("text", ['say "hi"', "back\\slash", '\\"', "line\nbreak\ttab", '","']),
        ("text", ['"', None, "x"]),
        ("text", [None, None]),
        ("text", []),
        ("timestamptz", [AT, AT + timedelta(days=1), AT.astimezone(timezone(timedelta(hours=9)))]),
        ("timestamptz", [AT, None]),
        ("uuid", [uuid.UUID(int=5), uuid.UUID(int=2**128 - 1), None]),
        ("boolean", [True, False, None]),
        ("float8", [1.5, None]),
    ],
)
def test_an_array_comes_back_as_it_was_sent(kind: str, values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT v FROM unnest(%s::{kind}[]) WITH ORDINALITY AS u(v, n) ORDER BY n", [values])
        assert [row[0] for row in cursor.fetchall()] == values


@pytest.mark.django_db
def test_the_fast_way_is_in_use() -> None:
    connection.ensure_connection()
    from psycopg.adapt import PyFormat

    assert connection.connection.adapters.get_dumper(list, PyFormat.TEXT) is FastListDumper


@pytest.mark.django_db
def test_json_texts_survive() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT v->>'a' FROM unnest(%s::jsonb[]) AS v", [['{"a": "x \\"y\\" \\\\ z"}']])
        assert cursor.fetchone() == ('x "y" \\ z',)
