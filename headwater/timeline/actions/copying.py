"""The past in bulk out of the database itself, for benches and sample data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection


def record_selected(select: str, params: Mapping[str, Any]) -> int:
    """Have the history hold what a trusted SELECT gives (person_id, at, id, kind, data, actor, recorded_at), without
    waking any reaction. Returns how many facts. Months must have partitions; raises IntegrityError on a fact that is
    there already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO timeline_fact (person_id, at, id, kind, data, actor, recorded_at) " + select, dict(params)
        )
        return int(cursor.rowcount)
