"""What can happen between a lead's hand-over and a deal's end."""

from __future__ import annotations

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
