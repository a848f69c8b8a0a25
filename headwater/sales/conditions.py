"""{"deal": [{"field": "status", "op": "eq", "value": "open"}, {"field": "amount", "op": "gt", "value": 500}]}: the
person has a deal that meets all of these, in segments and wherever else conditions are asked."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import User
from headwater.audience.compiler.nodes import leaf
from headwater.audience.compiler.records import RecordField, RecordsLeaf

from .models import Pipeline, PipelineStage, StageKind


def _stages() -> list[tuple[Any, Any]]:
    return [(name, name) for name in dict.fromkeys(PipelineStage.objects.values_list("name", flat=True))]


def _pipelines() -> list[tuple[Any, Any]]:
    return [(name, name) for name in Pipeline.objects.values_list("name", flat=True)]


def _users() -> list[tuple[Any, Any]]:
    return [(u.pk, u.name) for u in User.objects.filter(is_active=True).order_by("first_name", "last_name", "pk")]


@leaf("deal")
class DealLeaf(RecordsLeaf):
    """A deal of the person's own (not of her company's other people)."""

    label = _("a deal")
    editor = {"label": _("Deal"), "icon": "handshake"}
    table = (
        "sales_deal d JOIN sales_pipelinestage ds ON ds.id = d.stage_id JOIN sales_pipeline dp ON dp.id = d.pipeline_id"
    )
    person = "d.contact_id"
    name = "d.name || ' · ' || ds.name || coalesce(' · ' || d.amount || ' ' || d.currency, '')"
    fields = {
        "status": RecordField(_("Status"), "choice", "ds.kind", lambda: list(StageKind.choices)),
        "pipeline": RecordField(_("Pipeline"), "choice", "dp.name", _pipelines),
        "stage": RecordField(_("Stage"), "choice", "ds.name", _stages),
        "name": RecordField(_("Name"), "text", "d.name"),
        "amount": RecordField(_("Amount"), "money", "d.amount"),
        "currency": RecordField(_("Currency"), "choice", "d.currency"),
        "owner": RecordField(_("Owner"), "user", "d.owner_id", _users),
        "source": RecordField(_("Source"), "text", "d.source"),
        "lost_reason": RecordField(_("Lost reason"), "text", "d.lost_reason"),
        "expected_close": RecordField(_("Expected close"), "date", "d.expected_close"),
        "created_at": RecordField(_("Created"), "datetime", "d.created_at"),
        "stage_at": RecordField(_("In its stage since"), "datetime", "d.stage_at"),
        "won_at": RecordField(_("Won"), "datetime", "d.won_at"),
        "lost_at": RecordField(_("Lost"), "datetime", "d.lost_at"),
    }
    kinds = (
        "deal.created", "deal.moved", "deal.won", "deal.lost", "deal.updated", "lead.handed_over", "lead.accepted",
        "lead.returned",
    )  # fmt: skip
