"""The dashboard's numbers over the API; `headwater api GET /insights/funnel` runs the same."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from headwater.core import clock
from headwater.sales.queries.leads import handover_stats

from . import actions, queries
from .rules import last_days, reached_value

router = Router(tags=["insights"])
Days: Any = Query(30, ge=1, le=3660, description="The last so many days")  # type: ignore[type-arg]


@router.get("/insights/funnel", summary="Awareness, consideration, decision, action")
def funnel(request: HttpRequest, days: int = Days) -> dict[str, Any]:
    """Each step's count, that of the period before, and its share of the step above. `people` is the value of the
    filter `reached` of the list of people that shows who they are."""
    period = last_days(days, clock.now())
    return {
        "since": period.since,
        "until": period.until,
        "steps": [
            {
                "step": s.name,
                "count": s.count,
                "before": s.before,
                "rate": s.rate,
                "people": reached_value(s.name, period) if s.name != "awareness" else None,
            }
            for s in queries.funnel(period)
        ],
    }


@router.get("/insights/pipeline", summary="Open, won and lost deals")
def pipeline(request: HttpRequest, days: int = Days) -> dict[str, Any]:
    """Sums per currency as decimals in text."""
    p = queries.pipeline(last_days(days, clock.now()))
    return {
        "open": {"count": p.open.count, "sums": {k: str(v) for k, v in p.open.sums.items()}},
        "won": {"count": p.won.count, "sums": {k: str(v) for k, v in p.won.sums.items()}},
        "lost": p.lost,
        "created": p.created,
        "win_rate": p.win_rate,
        "cycle_days": p.cycle_days,
    }


@router.get("/insights/mails", summary="What mails led to")
def mails(request: HttpRequest, days: int = Days) -> list[dict[str, Any]]:
    """A line per template."""
    return [
        {
            "template": line.template_id,
            "name": line.name,
            **{f: getattr(line.results, f) for f in line.results.__slots__},
        }
        for line in queries.mails(last_days(days, clock.now()), most=1000)
    ]


@router.get("/insights/handovers", summary="How leads are handed over and answered")
def handovers(request: HttpRequest, days: int = Days) -> dict[str, Any]:
    """Both sides, measured: accepted share for marketing, answers in time for sales."""
    period = last_days(days, clock.now())
    stats = handover_stats(period.since, period.until)
    return {name: getattr(stats, name) for name in stats.__dataclass_fields__}


@router.post("/insights/rebuild", summary="Make the milestones anew from the facts")
def rebuild(request: HttpRequest) -> dict[str, int]:
    """Returns how many milestones there are."""
    return {"milestones": actions.rebuild()}
