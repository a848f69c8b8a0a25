"""Form submissions of the past, in bulk, for sample data and imports: rows only, no contact and no fact."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from ..models import Asset


@dataclass(frozen=True, slots=True)
class SubmissionSeed:
    person_id: int
    at: datetime
    id: uuid.UUID
    form_id: int
    data: Mapping[str, Any] = field(default_factory=dict)
    utm: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    visitor_id: int | None = None
    consent: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def import_submissions(seeds: Sequence[SubmissionSeed]) -> None:
    """Copy submissions in. Raises IntegrityError where one is there already."""
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY capture_formsubmission (person_id, at, id, form_id, data, utm, url, visitor_id, ip, user_agent, "
            "consent) FROM STDIN"
        ) as copy,
    ):
        for s in seeds:
            copy.write_row(
                (s.person_id, s.at, s.id, s.form_id, json.dumps(dict(s.data)), json.dumps(dict(s.utm)), s.url,
                 s.visitor_id, "", "", json.dumps(dict(s.consent)))
            )  # fmt: skip


def count_past_downloads(asset_id: int, downloads: int) -> None:
    """Add downloads of the past to an asset's counter."""
    Asset.objects.filter(pk=asset_id).update(downloads=F("downloads") + downloads)
