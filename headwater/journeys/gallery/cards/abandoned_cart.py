"""A cart that nobody paid for."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..base import Ask, Mail, Need, Template
from ..parts import any_of, branch, days, did, end, go_to, happened, hours, journey, mail, tag, task, until, wait

WORTH = ("value", "gte", 500)
#: The cart as it is now: as it was changed last on the way, else as it was when that let her in
LARGE = any_of(
    happened("cart.updated", WORTH, since="waited"),
    {"all": [happened("cart.updated", WORTH, since="cause"), {"not": happened("cart.updated")}]},
)

STEPS = {
    "still": until(_("Still filling it"), happened("cart.updated", since="arrival"), hours(1), "again", "reminder"),
    "again": go_to("still", 20, "reminder"),
    "reminder": mail("reminder", _("Remind while it is fresh"), "tagged"),
    "tagged": tag("abandoned cart", "day"),
    "day": wait(days(1), "back"),
    "back": branch(
        _("Came back to it?"),
        [("back", _("Clicked, or filled it again"),
          any_of(did("clicked", "reminder"), happened("cart.updated", since="arrival")), "think")],
        (_("No"), "help"),
    ),
    "think": wait(days(1), "help"),
    "help": mail("help", _("Offer help"), "large"),
    "large": branch(
        _("Worth a call?"),
        [("large", _("500 and over"), LARGE, "call")],
        (_("Under 500"), "patience"),
    ),
    "call": task(
        _(
            "Call {{ contact.name }}: a cart of "
            "{{ event.waited.value | default(event.value) | default('500 or more') }} was left"
        ),
        "call", hours(4), "patience", priority="high",
    ),
    "patience": wait(days(2), "last"),
    "last": mail("last", _("Ask why, once"), "gone"),
    "gone": end(_("Not bought")),
}  # fmt: skip

TEMPLATE = Template(
    slug="abandoned-cart",
    order=50,
    name=_("Abandoned cart"),
    description=_(
        "Waits until nobody has touched the cart for an hour, then reminds, offers help, and asks why. Carts worth 500 "
        "and over get a call. It stops the moment the order comes."
    ),
    goal="action",
    icon="shopping-cart",
    hue=60,
    graph=journey(
        "still",
        STEPS,
        [{"kind": "event", "event": "cart.updated"}],
        after=days(7),
        goal={"kind": "event", "event": "order.placed"},
    ),
    mails=(
        Mail("reminder", _("Cart: still there")),
        Mail("help", _("Cart: can we help?")),
        Mail("last", _("Cart: what was missing?")),
    ),
    asks=(Ask("cart", "link", _("Page of the cart, where the event names none"), default="/cart"),),
    tags=("abandoned cart",),
    needs=(
        Need(
            "event",
            "cart.updated",
            {"cart_url": "https://shop.example.com/cart/81", "value": 640, "items": 3},
            _("Your shop, whenever a cart changes."),
        ),
        Need(
            "event",
            "order.placed",
            {"number": "2026-1041", "total": 640},
            _("Your shop, when an order is placed: as this event, or with the order itself (POST /api/v1/orders)."),
        ),
    ),
)
