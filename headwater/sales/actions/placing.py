"""Orders come from shops, by hand and from the API: any number at once, each of them once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from headwater.accounts.models import Workspace
from headwater.core import clock
from headwater.people import actions as people
from headwater.people.models import Company, Contact
from headwater.timeline.actions import in_lane

from ..models import Deal, Order, OrderLine
from .buying import lanes_of_paying, new_ids, write, zero
from .ordering import MOMENTS, MONEY, Draft, NewLine, checked, checked_lines, settle

MAX_ORDERS = 1000
_TRIES = 5
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as somebody tells it; None: nothing is said of it. The same source and key are the same order.

    The person is named by person_id or by email (`person`: more fields for a contact who is new). A status stands for
    the moment it names (`paid_at` and so on) where that is not given: when the order was placed, where it is new.
    total None: that of the lines, less `discount`, with `tax` and `shipping`. refunded: all that was paid back so far.
    """

    source: str = ""
    key: str | None = None
    number: str | None = None
    person_id: int | None = None
    email: str = ""
    person: Mapping[str, Any] = field(default_factory=dict)
    company_id: int | None = None
    deal_id: int | None = None
    status: str | None = None
    currency: str | None = None
    lines: Sequence[NewLine] | None = None
    total: Decimal | None = None
    discount: Decimal | None = None
    tax: Decimal | None = None
    shipping: Decimal | None = None
    refunded: Decimal | None = None
    coupon: str | None = None
    note: str | None = None
    cancel_reason: str | None = None
    placed_at: datetime | None = None
    paid_at: datetime | None = None
    fulfilled_at: datetime | None = None
    cancelled_at: datetime | None = None
    refunded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of one: "created", "updated", "unchanged" or "refused" (then `problem` says why)."""

    order_id: int | None
    outcome: str
    problem: str = ""


@dataclass
class _Item:
    said: NewOrder
    fields: dict[str, Any]
    lines: list[OrderLine] | None
    person_id: int | None = None

    @property
    def key(self) -> Key | None:
        return (self.fields["source"], self.fields["key"]) if self.fields.get("key") else None


class _Again(Exception):
    """Somebody else wrote one of the orders in the meantime."""


_FIELDS = ("number", "company_id", "deal_id", "status", "currency", *MONEY, "coupon", "note", "cancel_reason", *MOMENTS)


def place_orders(items: Sequence[NewOrder], *, actor: str) -> list[Placed]:
    """Place orders, or bring those that are known by source and key up to date, in a constant number of statements.

    People are found or made by their addresses. Records order.placed and whatever else happened, each at its own time;
    who paid becomes a customer (buying). Repeating a call changes and records nothing; a status that is behind what is
    known changes nothing either. Returns one outcome per item; at most MAX_ORDERS at once (ValueError).
    """
    if len(items) > MAX_ORDERS:
        raise ValueError(_("At most %(n)s orders at once.") % {"n": MAX_ORDERS})
    now = clock.now()
    out: dict[int, Placed] = {}
    ready: dict[int, _Item] = {}
    for n, said in enumerate(items):
        try:
            ready[n] = _clean(said, now)
        except ValueError as problem:
            out[n] = Placed(None, "refused", str(problem))
    _identify(ready, out, actor)
    _check_links(ready, out)
    for attempt in range(_TRIES):
        try:
            with transaction.atomic():
                done = _place(ready, actor, now)
            break
        except (_Again, IntegrityError):
            if attempt == _TRIES - 1:
                raise
    return [one for _, one in sorted((out | done).items())]


def _clean(said: NewOrder, now: datetime) -> _Item:
    given = {name: value for name in _FIELDS if (value := getattr(said, name)) is not None}
    given |= {"source": said.source} | ({"key": said.key} if said.key is not None else {})
    if said.key is not None and not said.key.strip():
        raise ValueError(_("The key is empty."))
    return _Item(said, checked(given, now), None if said.lines is None else checked_lines(said.lines))


def _identify(ready: dict[int, _Item], out: dict[int, Placed], actor: str) -> None:
    """Who placed them. An item that names somebody who cannot be is refused."""
    named = [n for n, item in ready.items() if item.said.person_id is not None or item.said.email.strip()]
    found = people.identify(
        [
            people.Identity(
                email=ready[n].said.email.strip(),
                person_id=ready[n].said.person_id,
                fields=ready[n].said.person,
                how="order",
                source="order",
                actor=actor,
            )
            for n in named
        ],
        strict=False,
    )
    for place, n in enumerate(named):
        if place in found:
            ready[n].person_id = found[place]
            continue
        known = ready.pop(n).said.person_id is not None
        out[n] = Placed(None, "refused", _("There is no such contact.") if known else _("Enter an e-mail address."))


def _check_links(ready: dict[int, _Item], out: dict[int, Placed]) -> None:
    for model, name, problem in (
        (Company, "company_id", _("There is no such company.")),
        (Deal, "deal_id", _("There is no such deal.")),
    ):
        named = {pk for item in ready.values() if (pk := item.fields.get(name)) is not None}
        missing = named - set(model.objects.filter(pk__in=named).values_list("pk", flat=True)) if named else set()
        for n in [n for n, item in ready.items() if item.fields.get(name) in missing]:
            del ready[n]
            out[n] = Placed(None, "refused", problem)


def _place(ready: Mapping[int, _Item], actor: str, now: datetime) -> dict[int, Placed]:
    keys = {item.key for item in ready.values() if item.key is not None}
    known = _known(keys)
    contacts = {item.person_id for item in ready.values()} | {order.contact_id for order in known.values()}
    company_of = dict(Contact.objects.filter(pk__in=[c for c in contacts if c]).values_list("pk", "company_id"))
    companies = {item.fields.get("company_id") for item in ready.values()} | set(company_of.values())
    lanes = lanes_of_paying(companies | {order.company_id for order in known.values()}) if _pays(ready) else []
    with in_lane(*(c for c in contacts if c is not None), *lanes):
        drafts = _drafts(known)
        if any(drafts[key].order.contact_id != order.contact_id for key, order in known.items()):
            raise _Again
        ids = iter(new_ids(len(ready)))
        currency = Workspace.objects.values_list("currency", flat=True).get(pk=1)
        out: dict[int, Placed] = {}
        alone: list[Draft] = []
        for n, item in ready.items():
            draft = drafts.get(item.key) if item.key is not None else None
            fresh = draft is None
            if draft is None:
                draft = _new(item, next(ids), currency, company_of, now)
            if item.person_id is not None:
                item.fields["contact_id"] = item.person_id
            before = draft.order.pk, len(draft.told), draft.changed
            try:
                draft.take(settle(draft, item.fields, item.lines, now))
            except ValueError as problem:
                out[n] = Placed(None, "refused", str(problem))
                continue
            if fresh and item.key is not None:
                drafts[item.key] = draft
            elif fresh:
                alone.append(draft)
            changed = (draft.order.pk, len(draft.told), draft.changed) != before
            out[n] = Placed(draft.order.pk, "created" if fresh else "updated" if changed else "unchanged")
        write([*drafts.values(), *alone], actor=actor, now=now)
    return out


def _pays(ready: Mapping[int, _Item]) -> bool:
    paid = ("paid", "fulfilled", "refunded")
    return any(i.fields.get("paid_at") or i.fields.get("status") in paid for i in ready.values())


def _known(keys: set[Key]) -> dict[Key, Order]:
    """The orders of these keys that there are."""
    rows = Order.objects.filter(source__in={s for s, _ in keys}, key__in={k for _, k in keys}) if keys else []
    return {pair: order for order in rows if (pair := (order.source, order.key or "")) in keys}


def _drafts(known: Mapping[Key, Order]) -> dict[Key, Draft]:
    """These orders, locked, as drafts with their lines."""
    if not known:
        return {}
    pks = [order.pk for order in known.values()]
    rows = {o.pk: o for o in Order.objects.select_for_update().filter(pk__in=pks).order_by("pk")}
    if len(rows) != len(pks):
        raise _Again
    drafts = {key: Draft(rows[order.pk], new=False) for key, order in known.items()}
    by_order = {draft.order.pk: draft for draft in drafts.values()}
    for line in OrderLine.objects.filter(order_id__in=pks).order_by("place", "id"):
        by_order[line.order_id].lines.append(line)
    return drafts


def _new(item: _Item, pk: int, currency: str, company_of: Mapping[int, int | None], now: datetime) -> Draft:
    """An order that nobody knew."""
    placed = item.fields.get("placed_at") or now
    order = Order(
        pk=pk,
        source=item.fields["source"],
        key=item.fields.get("key"),
        number=item.fields.get("number") or (item.fields.get("key") or f"{placed.year}-{pk:04d}")[:60],
        company_id=company_of.get(item.person_id or 0),
        currency=currency,
        placed_at=placed,
        created_at=now,
        updated_at=now,
    )
    return Draft(zero(order))
