"""Customers who have left."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..base import Ask, Mail, Need, Template
from ..parts import any_of, days, did, end, journey, mail, tag, task, until, viewed, wait


def comes(mail: str) -> dict[str, object]:
    return any_of(did("clicked", mail), viewed(since="arrival"))


STEPS = {
    "why": task(_("Ask {{ contact.name }} why they left, and write it down"), "call", days(5), "distance"),
    "distance": wait(days(30), "honest", at="10:00", days=["tue", "wed", "thu"]),
    "honest": mail("honest", _("Ask honestly"), "answer"),
    "answer": until(_("Clicks, or comes to the site"), comes("honest"), days(14), "interested", "season"),
    "season": wait(days(30), "news", at="10:00", days=["tue", "wed", "thu"]),
    "news": mail("news", _("What has changed since"), "looks"),
    "looks": until(_("Clicks, or comes to the site"), comes("news"), days(14), "interested", "door"),
    "interested": tag("win-back: interested", "call"),
    "call": task(
        _("Call {{ contact.name }}: a former customer looks again"), "call", days(1), "sales", priority="high"
    ),
    "sales": end(_("With sales")),
    "door": mail("door", _("Leave the door open"), "rest"),
    "rest": end(_("Left in peace")),
}

TEMPLATE = Template(
    slug="win-back",
    order=120,
    name=_("Win-back"),
    description=_(
        "A customer leaves: ask why, keep a month's distance, then two honest mails. Whoever looks again is called the "
        "same day; the others find the door open."
    ),
    goal="retention",
    icon="undo-2",
    hue=25,
    graph=journey(
        "why",
        STEPS,
        [{"kind": "stage", "stage": "former"}],
        after=days(180),
        goal={"kind": "stage", "stage": "customer"},
        business_hours=True,
    ),
    mails=(
        Mail("honest", _("Win-back: an honest question")),
        Mail("news", _("Win-back: what has changed")),
        Mail("door", _("Win-back: the door stays open")),
    ),
    asks=(Ask("news", "link", _("Page with what is new"), default="/"),),
    tags=("win-back: interested",),
    segments=(("former-customers", _("Former customers"), {"field": "contact.stage", "op": "eq", "value": "former"}),),
    needs=(Need("site"), Need("customers")),
)
