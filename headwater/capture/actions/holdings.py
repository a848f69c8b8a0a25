"""What capture keeps of people (people.registry.Holder): submissions, download links, events that wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection

from headwater.core import holdings
from headwater.core.holdings import Table
from headwater.people.registry import Gone, Holder, Joining

from ..models import AssetLink, FormSubmission

SUBMISSIONS = Table(FormSubmission)
TABLES = (SUBMISSIONS, Table(AssetLink))


def _erase(gone: Gone) -> None:
    holdings.erase(TABLES, gone.person_ids)
    visitors, emails = list(gone.visitors), list(gone.emails)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM capture_botevent WHERE visitor_id = ANY(%s)", [visitors])
        cursor.execute(
            "DELETE FROM capture_intake WHERE visitor_id = ANY(%s) OR lower(payload->>'email') = ANY(%s) "
            "OR payload->>'contact_id' = ANY(%s)",
            [visitors, emails, [str(p) for p in gone.person_ids]],
        )
        cursor.execute(
            "DELETE FROM capture_intakerejected WHERE row->>'visitor_id' = ANY(%s) "
            "OR lower(row->'payload'->>'email') = ANY(%s) OR row->'payload'->>'contact_id' = ANY(%s)",
            [[str(v) for v in visitors], emails, [str(p) for p in gone.person_ids]],
        )
        cursor.execute(
            "DELETE FROM capture_spamsubmission WHERE EXISTS (SELECT 1 FROM jsonb_each_text("
            "CASE jsonb_typeof(data) WHEN 'object' THEN data END) e WHERE lower(trim(e.value)) = ANY(%s))",
            [emails],
        )


def _export(person_id: int) -> dict[str, Any]:
    return holdings.export(TABLES, person_id)


def _join(joining: Joining) -> dict[str, Any]:
    return holdings.move(TABLES, joining.merged, joining.survivor, joining.mark)


def _late(joining: Joining) -> list[list[str]]:
    """Submissions since the merge that came from the browsers or with the addresses of the one who parts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at::text, id::text FROM capture_formsubmission s WHERE s.person_id = %s AND s.at > %s "
            "AND (s.visitor_id = ANY(%s) OR EXISTS (SELECT 1 FROM jsonb_each_text("
            "CASE jsonb_typeof(s.data) WHEN 'object' THEN s.data END) e WHERE lower(trim(e.value)) = ANY(%s)))",
            [joining.survivor, joining.at, list(joining.visitors), list(joining.emails)],
        )
        return [list(row) for row in cursor.fetchall()]


def _part(joining: Joining, kept: Mapping[str, Any]) -> None:
    late = _late(joining)
    holdings.back(TABLES, kept, joining.merged, joining.survivor)
    holdings.give(SUBMISSIONS, late, joining.survivor, joining.merged)


def _marks(joining: Joining, kept: Any) -> dict[str, list[str]]:
    return {"submission": [key[1] for key in _late(joining)]}


HOLDER = Holder(
    "capture",
    tables=(
        "capture_formsubmission", "capture_assetlink", "capture_botevent", "capture_intake", "capture_intakerejected",
        "capture_spamsubmission",
    ),
    erase=_erase, export=_export, join=_join, part=_part, marks=_marks, order=40,
)  # fmt: skip
