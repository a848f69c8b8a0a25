"""The rules of score models over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema

from .. import actions, queries
from ..models import ScoreRule
from .base import Name, refusals, router

PERIOD = "^(day|week|month|total)$"


class RuleIn(Schema):
    """`kind` with `where`: points for each such fact; `condition` (as of a segment): points while it holds. `past`:
    what happened before counts too, computed in the background."""

    name: Name = Field(max_length=120)
    kind: str = Field("", max_length=80)
    points: int = Field(ge=-10_000, le=10_000)
    where: list[dict[str, Any]] = []
    condition: dict[str, Any] | None = None
    cap: int | None = Field(None, ge=1, le=1_000_000)
    cap_per: str = Field("day", pattern=PERIOD)
    cap_total: int | None = Field(None, ge=1, le=1_000_000)
    times: int | None = Field(None, ge=1, le=1_000_000)
    times_per: str = Field("day", pattern=PERIOD)
    active: bool = True
    model: str = "engagement"
    past: bool = False


class RuleChange(Schema):
    name: Name | None = Field(None, max_length=120)
    kind: str | None = Field(None, max_length=80)
    points: int | None = Field(None, ge=-10_000, le=10_000)
    where: list[dict[str, Any]] | None = None
    condition: dict[str, Any] | None = None
    cap: int | None = Field(None, ge=1, le=1_000_000)
    cap_per: str | None = Field(None, pattern=PERIOD)
    cap_total: int | None = Field(None, ge=1, le=1_000_000)
    times: int | None = Field(None, ge=1, le=1_000_000)
    times_per: str | None = Field(None, pattern=PERIOD)
    active: bool | None = None
    past: bool = False


class RuleOut(Schema):
    id: int
    model: str
    name: str
    kind: str
    points: int
    where: list[dict[str, Any]]
    condition: dict[str, Any] | None
    cap: int | None
    cap_per: str
    cap_total: int | None
    times: int | None
    times_per: str
    active: bool
    since: datetime | None

    @staticmethod
    def resolve_model(rule: ScoreRule) -> str:
        return rule.model.key


@router.get("/scoring/rules", response=list[RuleOut])
def list_rules(request: HttpRequest, model: str = "") -> Any:
    rows = ScoreRule.objects.filter(ended_at=None).select_related("model").order_by("pk")
    return rows.filter(model__key=model) if model else rows


@router.post("/scoring/rules", response={201: RuleOut})
def create_rule(request: HttpRequest, body: RuleIn) -> Any:
    with refusals():
        return 201, actions.create_rule(**body.dict(), actor=request.actor)  # type: ignore[attr-defined]


@router.patch(
    "/scoring/rules/{int:rule_id}", response=RuleOut, summary="Change a rule from now on, or for the past too"
)
def update_rule(request: HttpRequest, rule_id: int, body: RuleChange) -> Any:
    free = ("cap", "cap_total", "times")
    changes = {k: v for k, v in body.dict(exclude_unset=True).items() if v is not None or k in free}
    with refusals():
        return actions.update_rule(rule_id, **changes, actor=request.actor)  # type: ignore[attr-defined]


@router.delete(
    "/scoring/rules/{int:rule_id}", response={204: None}, summary="Delete a rule; `past` takes its points back"
)
def delete_rule(request: HttpRequest, rule_id: int, past: bool = False) -> Any:
    with refusals():
        actions.delete_rule(rule_id, past=past, actor=request.actor)  # type: ignore[attr-defined]
    return 204, None


class EffectOut(Schema):
    """What the rule as it is now would have given in the last `days`. partial: it looked at the newest events only."""

    times: int
    people: int
    points: int
    partial: bool


@router.get("/scoring/rules/{int:rule_id}/effect", response=EffectOut, summary="How often it gives points")
def rule_effect(request: HttpRequest, rule_id: int, days: int = 30) -> Any:
    with refusals():
        rule = ScoreRule.objects.get(pk=rule_id, ended_at=None)
    return queries.effects([rule], days=max(1, min(days, 365)))[rule.pk]
