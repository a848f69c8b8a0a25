"""The first month as a customer."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..base import Ask, Mail, Need, Template
from ..parts import any_of, branch, days, did, end, journey, mail, points, tag, task, until, wait

OFFICE_DAYS = ["mon", "tue", "wed", "thu", "fri"]

STEPS = {
    "welcome": mail("welcome", _("Welcome as a customer"), "owner", transactional=True),
    "owner": task(_("Welcome {{ contact.name }} in person"), "call", days(2), "settle"),
    "settle": wait(days(3), "basics", at="10:00", days=OFFICE_DAYS),
    "basics": mail("basics", _("Lesson 1: the first hour"), "learnt"),
    "learnt": until(_("Opens the lesson"), did("clicked", "basics"), days(6), "points", "hand"),
    "points": points(5, "deeper_wait"),
    "hand": mail("hand", _("Offer a short session"), "deeper_wait"),
    "deeper_wait": wait(days(4), "deeper", at="10:00", days=OFFICE_DAYS),
    "deeper": mail("deeper", _("Lesson 2: save time every week"), "later"),
    "later": wait(days(7), "team", at="10:00", days=OFFICE_DAYS),
    "team": mail("team", _("Lesson 3: bring your colleagues"), "month"),
    "month": wait(days(7), "engaged", at="10:00", days=OFFICE_DAYS),
    "engaged": branch(
        _("Took part?"),
        [("yes", _("Opened a lesson"),
          any_of(did("clicked", "basics"), did("clicked", "deeper"), did("clicked", "team")), "educated")],
        (_("Not once"), "risk"),
    ),
    "educated": tag("educated", "done"),
    "done": end(_("Knows the way around")),
    "risk": tag("needs attention", "ask"),
    "ask": task(
        _("Ask {{ contact.name }} how it is going: no lesson was opened in the first month"), "call", days(2), "quiet"
    ),
    "quiet": end(_("With a colleague")),
}  # fmt: skip

TEMPLATE = Template(
    slug="customer-education",
    order=90,
    name=_("Customer education"),
    description=_(
        "A new customer's first month: a personal welcome and three short lessons at a pace that can be kept. Who "
        "takes no part is called before it is too late."
    ),
    goal="retention",
    icon="graduation-cap",
    hue=265,
    graph=journey(
        "welcome", STEPS, [{"kind": "stage", "stage": "customer"}], again="once",
        exits=({"kind": "stage", "stage": "former"}, {"kind": "event", "event": "mail.unsubscribed"}),
    ),
    mails=(
        Mail("welcome", _("Education: welcome"), "transactional"),
        Mail("basics", _("Education: the first hour")),
        Mail("hand", _("Education: a short session")),
        Mail("deeper", _("Education: save time every week")),
        Mail("team", _("Education: bring your colleagues")),
    ),
    asks=(
        Ask("guide", "link", _("Page with your guides"), default="/guides"),
        Ask("meeting", "link", _("Page where a meeting is booked"), default="/meeting"),
    ),
    tags=("educated", "needs attention"),
    segments=(("needs-attention", _("Customers who need attention"), {"tag": "needs attention"}),),
    needs=(Need("customers"),),
)  # fmt: skip
