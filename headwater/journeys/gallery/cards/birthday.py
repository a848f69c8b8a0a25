"""Once a year."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..base import Ask, Mail, Need, Template
from ..parts import branch, days, did, end, is_, journey, mail, points, tell, until

STEPS = {
    "customer": branch(
        _("A customer?"),
        [("yes", _("Yes"), {"any": [is_("contact.stage", "customer"), is_("contact.stage", "evangelist")]}, "tell")],
        (_("Not yet"), "wishes"),
    ),
    "tell": tell(_("It is {{ contact.name }}'s birthday today"), "gift"),
    "gift": mail("gift", _("Wishes with a small gift"), "uses"),
    "uses": until(_("Clicks"), did("clicked", "gift"), days(14), "points", "done"),
    "points": points(5, "done"),
    "wishes": mail("wishes", _("Wishes, nothing else"), "done"),
    "done": end(_("Wished well")),
}

TEMPLATE = Template(
    slug="birthday",
    order=80,
    name=_("Birthday"),
    description=_(
        "On the morning of their birthday, in their own time zone: wishes for everybody, a small gift for customers, "
        "and a word to the colleague who looks after them."
    ),
    goal="retention",
    icon="cake",
    hue=345,
    graph=journey(
        "customer",
        STEPS,
        [{"kind": "date", "field": "contact.birthday", "days": 0, "side": "before", "at": "09:00", "yearly": True}],
        after=days(300),
    ),
    mails=(Mail("gift", _("Birthday: a small gift")), Mail("wishes", _("Birthday: wishes"))),
    asks=(Ask("gift", "link", _("Page with the gift"), default="/gift"),),
    needs=(Need("field", "birthday"),),
)
