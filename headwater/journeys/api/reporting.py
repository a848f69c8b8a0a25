"""What came of a journey, and of all mails."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from ninja.errors import HttpError

from ..queries import report
from .doors import find, refusals, router


@router.get("/journeys/{int:pk}/report")
def get_report(request: HttpRequest, pk: int, version: int | None = None) -> dict[str, Any]:
    """Versions against each other, and each step with its ways, mails and conversions; version: of one only."""
    with refusals():
        journey = find(pk)
    if version is not None and not journey.versions.filter(number=version).exists():
        raise HttpError(404, "There is no such version.")
    found = report.report(journey, version)
    lines = [{**asdict(v), "converted": v.converted, "rate": v.rate} for v in found["versions"]]
    return {"versions": lines, "version": version, "steps": [asdict(s) for s in found["steps"]]}


@router.get("/journeys/{int:pk}/report/people")
def report_people(
    request: HttpRequest, pk: int, what: str, step: str = "", version: int | None = None
) -> list[dict[str, Any]]:
    """The first 50 people behind a number of the report."""
    with refusals():
        journey = find(pk)
    try:
        found = report.behind(journey, what, step, version)
    except KeyError as error:
        raise HttpError(
            422, "what: entered, done, waiting, left, goal, inside, finished, arm:ID, refused:WHY"
        ) from error
    return [{"id": c.pk, "name": str(c), "email": c.email or "", "passage": str(passage)} for c, passage in found]


@router.get("/journeys/mails-by-month")
def by_month(request: HttpRequest) -> list[dict[str, Any]]:
    """Marketing mails of the last twelve months: one-off, by journeys, and their share in per cent."""
    return [{**asdict(m), "share": m.share} for m in report.mails_by_month()]
