"""What PostgreSQL thinks of a statement, and where people are parted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection


def estimate(select: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The plan that PostgreSQL has for a SELECT: "Plan Rows", "Total Cost"."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {select}", params)
        plan: dict[str, Any] = cursor.fetchone()[0][0]["Plan"]
    return plan


def rows(select: str, params: Mapping[str, Any]) -> int:
    """How many rows PostgreSQL thinks that a SELECT has."""
    return int(estimate(select, params)["Plan Rows"])


def quarters() -> list[int]:
    """Ids of people that part them into four."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM people_contact")
        low, high = cursor.fetchone()
    return [int(low + (high - low) * n // 4) for n in (1, 2, 3)]
