"""What can happen between a lead's hand-over and a deal's end, and to orders."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from headwater.core.facts import Fact, _, fact
from headwater.core.money import format_money


def _shown(amount: str, currency: str) -> str:
    try:
        return format_money(Decimal(amount), currency) if amount else "—"
    except InvalidOperation:
        return "—"


@fact("lead.handed_over", icon="handshake", hue=60, group="sales", says=_("Handed over to {owner_name}: {reason}"))
class LeadHandedOver(Fact):
    handover: int
    owner: int | None
    owner_name: str
    reason: str
    score: int = 0
    sla: str = ""  # ISO 8601: until when sales is to answer
    deal: int | None = None


@fact("lead.accepted", icon="badge-check", hue=150, group="sales", says=_("{actor} accepted the lead"))
class LeadAccepted(Fact):
    handover: int
    owner: int | None = None
    minutes: int = 0  # from hand-over to here
    in_time: bool = True
    deal: int | None = None


@fact("lead.returned", icon="reply", hue=25, group="sales", says=_("{actor} returned the lead to marketing: {reason}"))
class LeadReturned(Fact):
    handover: int
    reason: str
    owner: int | None = None
    minutes: int = 0
    deal: int | None = None


@fact("deal.created", icon="handshake", hue=265, group="sales", says=_("Deal {name} opened: {money}"))
class DealCreated(Fact):
    deal: int
    name: str
    amount: str = ""  # a decimal, as text
    currency: str = ""
    pipeline: str = ""
    stage: str = ""

    @property
    def money(self) -> str:
        return _shown(self.amount, self.currency)


@fact("deal.moved", icon="arrow-right", hue=265, group="sales", says=_("{actor} moved {name} from {before} to {after}"))
class DealMoved(Fact):
    deal: int
    name: str
    before: str
    after: str
    stage: int = 0


@fact(
    "deal.updated",
    icon="pencil",
    hue=265,
    group="sales",
    says=_("{actor} changed {fields} of {name}"),
    quiet=True,
)
class DealUpdated(Fact):
    """Told to the deal's person, so that what depends on it follows. changes: field -> [before, after] as text;
    {"deleted": [...]} where it was removed."""

    deal: int
    name: str
    changes: dict[str, list[str]]

    @property
    def fields(self) -> str:
        return ", ".join(sorted(self.changes))


@fact("deal.won", icon="trophy", hue=150, group="sales", says=_("{actor} won {name}: {money}"))
class DealWon(Fact):
    deal: int
    name: str
    amount: str = ""
    currency: str = ""

    @property
    def money(self) -> str:
        return _shown(self.amount, self.currency)


@fact("deal.lost", icon="circle-x", hue=25, group="sales", says=_("{actor} lost {name}: {reason}"))
class DealLost(Fact):
    deal: int
    name: str
    reason: str
    amount: str = ""
    currency: str = ""


@dataclass(frozen=True, kw_only=True)
class _OfOrder(Fact):
    """What every fact about an order says. total: a JSON number, so that conditions on events can compare it and add it
    up; the decimal stands in the order's row. Nothing is required: a shop may send such an event, too."""

    order: int | None = None
    number: str = ""
    total: float = 0
    currency: str = ""
    skus: list[str] | None = None
    source: str = ""
    coupon: str = ""

    @property
    def named(self) -> str:
        return self.number or str(self.order or "—")

    @property
    def money(self) -> str:
        return _shown(str(self.total), self.currency) if self.currency else "—"


@fact("order.placed", icon="shopping-cart", hue=265, group="sales", says=_("Order {named} placed: {money}"))
class OrderPlaced(_OfOrder):
    pass


@fact("order.paid", icon="banknote", hue=150, group="sales", says=_("Order {named} paid: {money}"))
class OrderPaid(_OfOrder):
    pass


@fact("order.fulfilled", icon="package", hue=150, group="sales", says=_("Order {named} fulfilled"))
class OrderFulfilled(_OfOrder):
    pass


@fact("order.cancelled", icon="circle-x", hue=25, group="sales", says=_("Order {named} cancelled: {reason}"))
class OrderCancelled(_OfOrder):
    reason: str = ""


@fact("order.refunded", icon="undo-2", hue=25, group="sales", says=_("{money} of order {named} refunded"))
class OrderRefunded(_OfOrder):
    """amount: what was paid back now; left: what is kept of the total after it."""

    amount: float = 0
    left: float = 0

    @property
    def money(self) -> str:
        return _shown(str(self.amount), self.currency)


@fact(
    "order.updated",
    icon="pencil",
    hue=265,
    group="sales",
    says=_("{actor} changed {fields} of order {named}"),
    quiet=True,
)
class OrderUpdated(_OfOrder):
    """changes: field -> [before, after] as text; {"deleted": [...]} where it was removed."""

    changes: dict[str, list[str]] | None = None

    @property
    def fields(self) -> str:
        return ", ".join(sorted(self.changes or ()))
