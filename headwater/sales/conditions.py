"""{"deal": [{"field": "status", "op": "eq", "value": "open"}, {"field": "amount", "op": "gt", "value": 500}]}: the
person has a deal that meets all of these, in segments and wherever else conditions are asked; "order" likewise."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from headwater.accounts.models import User
from headwater.audience.compiler.nodes import leaf
from headwater.audience.compiler.records import RecordField, RecordsLeaf

from .models import OrderStatus, Pipeline, PipelineStage, StageKind


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


_LINE = "sales_orderline ol WHERE ol.order_id = o.id"


@leaf("order")
class OrderLeaf(RecordsLeaf):
    """An order of the person's own. `sku` and `product` ask whether one of its lines is so."""

    label = _("an order")
    editor = {"label": pgettext_lazy("purchase", "Order"), "icon": "shopping-cart"}
    table = "sales_order o"
    person = "o.contact_id"
    name = "o.number || ' · ' || to_char(o.placed_at, 'YYYY-MM-DD') || ' · ' || o.total || ' ' || o.currency"
    fields = {
        "status": RecordField(_("Status"), "choice", "o.status", lambda: list(OrderStatus.choices)),
        "number": RecordField(_("Number"), "text", "o.number"),
        "total": RecordField(_("Total"), "money", "o.total"),
        "currency": RecordField(_("Currency"), "choice", "o.currency"),
        "refunded": RecordField(_("Refunded"), "money", "o.refunded"),
        "discount": RecordField(_("Discount"), "money", "o.discount"),
        "quantity": RecordField(_("Quantity"), "number", "o.quantity"),
        "sku": RecordField(_("Product number"), "text", "ol.sku", each=_LINE),
        "product": RecordField(_("Product"), "text", "ol.name", each=_LINE),
        "source": RecordField(_("Source"), "text", "o.source"),
        "coupon": RecordField(_("Coupon"), "text", "o.coupon"),
        "placed_at": RecordField(_("Placed on"), "datetime", "o.placed_at"),
        "paid_at": RecordField(_("Paid on"), "datetime", "o.paid_at"),
        "fulfilled_at": RecordField(_("Fulfilled on"), "datetime", "o.fulfilled_at"),
        "cancelled_at": RecordField(_("Cancelled on"), "datetime", "o.cancelled_at"),
        "refunded_at": RecordField(_("Refunded on"), "datetime", "o.refunded_at"),
    }
    kinds = (
        "order.placed", "order.paid", "order.fulfilled", "order.cancelled", "order.refunded", "order.updated",
    )  # fmt: skip
