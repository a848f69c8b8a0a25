"""The sixty days before a renewal."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..base import Ask, Mail, Need, Template
from ..parts import before, days, did, end, is_, journey, mail, tag, task, tell, until, viewed, wait

RENEWAL = "contact.renewal_date"

STEPS = {
    "prepare": task(
        _("Prepare the renewal of {{ contact.name }}: what was used, what is missing"), "todo", days(7), "month"
    ),
    "month": before(RENEWAL, 30, "remind", "week", at="10:00"),
    "remind": mail("month", _("A month before"), "answer", transactional=True),
    "answer": until(
        _("Looks at the renewal"),
        {"any": [did("clicked", "remind"), viewed("/pricing", since="arrival")]},
        days(10),
        "talk",
        "silent",
    ),
    "talk": task(_("Talk with {{ contact.name }} about the renewal"), "call", days(1), "week", priority="high"),
    "silent": task(
        _("{{ contact.name }} has not answered on the renewal: call"), "call", days(2), "week", priority="high"
    ),
    "week": before(RENEWAL, 7, "soon", "day", at="10:00"),
    "soon": mail("week", _("A week before"), "day", transactional=True),
    "day": before(RENEWAL, 1, "lapsed", "undated", at="09:00", side="after"),
    "undated": end(_("No renewal date ahead")),
    "lapsed": tag("renewal overdue", "alarm"),
    "alarm": tell(_("{{ contact.name }} did not renew in time"), "save"),
    "save": task(_("Save {{ contact.name }}: the contract has run out"), "call", days(1), "grace", priority="high"),
    "grace": wait(days(14), "lost"),
    "lost": end(_("Not renewed")),
}

TEMPLATE = Template(
    slug="renewal",
    order=100,
    name=_("Renewal"),
    description=_(
        "Sixty days before the renewal date the owner prepares, a month and a week before the customer hears from you, "
        "and nobody runs out unnoticed. It ends the moment the renewal comes."
    ),
    goal="retention",
    icon="refresh-cw",
    hue=190,
    graph=journey(
        "prepare",
        STEPS,
        [{"kind": "date", "field": RENEWAL, "days": 60, "side": "before", "at": "09:00"}],
        after=days(90),
        goal={"kind": "event", "event": "subscription.renewed"},
        exits=({"kind": "stage", "stage": "former"},),
        only={"any": [is_("contact.stage", "customer"), is_("contact.stage", "evangelist")]},
        business_hours=True,
    ),
    mails=(
        Mail("month", _("Renewal: a month before"), "transactional"),
        Mail("week", _("Renewal: a week before"), "transactional"),
    ),
    asks=(Ask("renew", "link", _("Page where a contract is renewed"), default="/renew"),),
    tags=("renewal overdue",),
    segments=(
        (
            "renewals-60",
            _("Renewals in the next 60 days"),
            {"field": "contact.renewal_date", "op": "within_next", "value": "60d"},
        ),
    ),
    needs=(
        Need("field", "renewal_date"),
        Need("customers"),
        Need(
            "event",
            "subscription.renewed",
            {"plan": "team", "value": 1200, "until": "2027-11-30"},
            _("Your billing, when a contract is renewed."),
        ),
    ),
)
