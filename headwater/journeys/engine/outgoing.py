"""Calls of other systems and mails to colleagues: asked for by steps, in their transaction; made outside of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from headwater.core import wake
from headwater.core.arrays import columns
from headwater.core.lanes import lane_key

WEBHOOK, MAIL = "webhook", "mail"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call. target: a URL, or a user's id; key: asked for once for each person."""

    person_id: int
    key: str
    kind: str
    target: str
    payload: Mapping[str, Any]
    journey_id: int


def _json(payload: Mapping[str, Any]) -> str:
    return json.dumps(dict(payload), ensure_ascii=False, default=str)


def ask(items: Sequence[Wanted], now: datetime) -> int:
    """Keep calls, to be made at once. Two statements. Returns how many are new."""
    if not items:
        return 0
    rows = [
        (
            i.person_id,
            uuid.uuid4(),
            i.key[:120],
            i.kind,
            i.target[:500],
            _json(i.payload),
            i.journey_id,
        )
        for i in items
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journeys_outcall (person_id, id, key, kind, target, payload, journey_id, status, tries, "
            "answer, code, created_at) SELECT p, i, k, d, t, y, j, 'queued', 0, '', 0, %s::timestamptz "
            "FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::bigint[]) "
            "AS n(p, i, k, d, t, y, j) "
            "ON CONFLICT (person_id, key) DO NOTHING RETURNING person_id, id",
            [now, *columns(rows)],
        )
        made = cursor.fetchall()
        cursor.execute(
            "INSERT INTO journeys_outdue (lane_key, due_at, person_id, call_id) "
            "SELECT l, %s::timestamptz, p, i FROM unnest(%s::bigint[], %s::bigint[], %s::uuid[]) AS n(l, p, i)",
            [now, [lane_key(p) for p, _ in made], [p for p, _ in made], [i for _, i in made]],
        )
    wake.notify(["journeys"])
    return len(made)
