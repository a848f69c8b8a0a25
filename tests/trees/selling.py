"""What happens to deals, orders and tickets, in truth and in the oracle's mind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from headwater.sales import actions as sales
from headwater.service import actions as service
from headwater.service.models import TicketQueue

from .conditions import START
from .oracle import Person, World
from .records import TARGETS
from .rows import Deal, Line, Order, Ticket

_BY = "user:1"


def open_desk() -> None:
    """The one queue, always open; its clocks end within seconds."""
    minutes = {
        priority: {"reply": reply and reply / 60, "solution": solution and solution / 60}
        for priority, (reply, solution) in TARGETS.items()
    }
    TicketQueue.objects.create(name="Desk", targets=minutes, hours={"days": []})


class Selling:
    """Steps on a person's deals, orders and tickets. What a package refuses (ValueError) has not happened."""

    world: World
    people: list[Person]

    def _pick(self, of: str, p: Person, which: int) -> list[tuple[Person, Any]]:
        """One of hers, or where she has none of the first who has one; as a list of at most one."""
        for one in [p, *self.people]:
            if rows := getattr(one, of):
                return [(one, rows[which % len(rows)])]
        return []

    def deal(self, p: Person, amount: int) -> None:
        pk = sales.create_deal(actor=_BY, name="Plan", person_id=p.pk, amount=Decimal(amount))
        p.deals.append(Deal(pk, amount, self.world.now))

    def end(self, p: Person, how: str) -> None:
        """The oldest open deal is won or lost; the oldest of all goes."""
        for d in [d for d in p.deals if how == "gone" or d.status == "open"][:1]:
            if how == "gone":
                sales.delete_deal(d.pk, actor=_BY)
                p.deals.remove(d)
                continue
            d.status = how
            if how == "won":
                sales.win_deal(d.pk, actor=_BY)
            else:
                sales.lose_deal(d.pk, "Price", actor=_BY)

    def order(self, p: Person, lines: Sequence[Line], offset: int, status: str) -> None:
        """A shop tells of one, placed a little before or after now, as it stands."""
        at = self.world.now + offset
        said = sales.NewOrder(
            person_id=p.pk, lines=_lines(lines), placed_at=START + timedelta(seconds=at), status=status or None
        )
        (placed,) = sales.place_orders([said], actor=_BY)
        assert placed.order_id is not None, placed.problem
        one = Order(placed.order_id, lines, at)
        if status:
            setattr(one, f"{status}_at", at)
        if status == "refunded":
            one.paid_at, one.refunded = at, one.total
        p.orders.append(one)

    def sold(self, p: Person, which: int, what: str) -> None:
        for whose, one in self._pick("orders", p, which):
            now = self.world.now
            try:
                getattr(sales, what)(one.pk, *(["Late"] if what == "cancel" else []), actor=_BY)
            except ValueError:
                return
            if what == "delete_order":
                whose.orders.remove(one)
            elif what == "reopen":
                one.paid_at = one.fulfilled_at = one.cancelled_at = one.refunded_at = None
                one.refunded = 0
            elif what == "refund":
                one.refunded, one.refunded_at = one.total, now
            else:
                name = {"mark_paid": "paid_at", "fulfil": "fulfilled_at", "cancel": "cancelled_at"}[what]
                setattr(one, name, now if getattr(one, name) is None else getattr(one, name))

    def refund(self, p: Person, which: int, part: int) -> None:
        for _whose, one in self._pick("orders", p, which):
            try:
                sales.refund(one.pk, Decimal(part), actor=_BY)
            except ValueError:
                return
            one.refunded, one.refunded_at = one.refunded + part, self.world.now

    def lines(self, p: Person, which: int, lines: Sequence[Line]) -> None:
        for _whose, one in self._pick("orders", p, which):
            try:
                sales.update_order(one.pk, lines=_lines(lines), actor=_BY)
            except ValueError:
                return
            one.say(lines)

    def ticket(self, p: Person, priority: str) -> None:
        pk = service.create_ticket(service.NewTicket(p.pk, "Help", priority=priority), actor=_BY)
        p.tickets.append(Ticket(pk, priority, self.world.now))

    def desk(self, p: Person, which: int, what: str) -> None:
        for whose, one in self._pick("tickets", p, which):
            now = self.world.now
            try:
                if what in ("reply", "answer"):
                    getattr(service, what)(one.pk, "Hello", actor=_BY)
                elif what == "delete_ticket":
                    service.delete_ticket(one.pk, actor=_BY)
                else:
                    service.update_ticket(one.pk, actor=_BY, **{"priority" if what in TARGETS else "status": what})
            except ValueError:
                return
            if what == "reply":
                one.first_reply_at = now if one.first_reply_at is None else one.first_reply_at
                one.goes("open" if one.status == "new" else one.status, now)
            elif what == "answer":
                one.goes("open" if one.status in ("pending", "solved") else one.status, now)
            elif what == "delete_ticket":
                whose.tickets.remove(one)
            elif what in TARGETS:
                one.priority = what
            else:
                one.goes(what, now)

    def hands(self, p: Person, of: str, which: int, other: int) -> None:
        """An order or a ticket is somebody else's from now on."""
        to = self.people[other]
        for whose, one in self._pick(of, p, which):
            change = sales.update_order if of == "orders" else service.update_ticket
            change(one.pk, contact_id=to.pk, actor=_BY)
            getattr(whose, of).remove(one)
            getattr(to, of).append(one)


def _lines(lines: Sequence[Line]) -> list[sales.NewLine]:
    return [sales.NewLine(name, sku, Decimal(pieces), Decimal(price)) for sku, name, pieces, price in lines]
