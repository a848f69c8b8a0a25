"""Fourteen days of a trial, by what is done with them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..base import Ask, Mail, Need, Template
from ..parts import branch, days, end, happened, hours, journey, mail, points, tag, task, viewed, wait

USED = happened("trial.activated")

# The steps keep to the days since the trial began, whichever way is taken: the mails say how many are left.
STEPS = {
    "start": mail("start", _("The first step"), "tagged", transactional=True),
    "tagged": tag("trial", "settle"),
    "settle": wait(days(3), "uses", title=_("Time to set it up")),
    "uses": branch(_("Has set it up?"), [("yes", _("Yes"), USED, "active")], (_("Not yet"), "stuck")),
    "active": points(15, "next"),
    "next": mail("next", _("The second step"), "half"),
    "stuck": mail("stuck", _("Offer a hand"), "help"),
    "help": task(_("Help {{ contact.name }} to get started: the trial is not set up yet"), "email", hours(8), "half"),
    "half": wait(days(7), "ending", title=_("Time to try it")),
    "ending": mail("ending", _("Four days left"), "think"),
    "think": wait(days(2), "wants"),
    "wants": branch(
        _("Looked at the prices?"), [("yes", _("Yes"), viewed("/pricing"), "call")], (_("No"), "last_wait")
    ),
    "call": task(
        _("Call {{ contact.name }}: looks at prices, the trial ends soon"),
        "call",
        hours(4),
        "last_wait",
        priority="high",
    ),
    "last_wait": wait(days(1), "last_day"),
    "last_day": mail("last-day", _("One day left"), "over", transactional=True),
    "over": wait(days(3), "used"),
    "used": branch(_("Was it used?"), [("yes", _("Yes"), USED, "ask")], (_("No"), "expired")),
    "ask": task(_("Ask {{ contact.name }} what kept the trial from becoming more"), "call", days(1), "expired"),
    "expired": tag("trial ended", "done"),
    "done": end(_("Trial ended")),
}

TEMPLATE = Template(
    slug="trial-to-paid",
    order=60,
    name=_("Trial to paid"),
    description=_(
        "Takes everybody who starts a trial through its fourteen days: those who have set it up one step further, "
        "those who are stuck to a colleague. Ends when they become a customer."
    ),
    goal="decision",
    icon="rocket",
    hue=150,
    graph=journey(
        "start",
        STEPS,
        [{"kind": "event", "event": "trial.started"}],
        after=days(90),
        goal={"kind": "stage", "stage": "customer"},
    ),
    mails=(
        Mail("start", _("Trial: the first step"), "transactional"),
        Mail("next", _("Trial: the second step")),
        Mail("stuck", _("Trial: a hand?")),
        Mail("ending", _("Trial: four days left")),
        Mail("last-day", _("Trial: one day left"), "transactional"),
    ),
    asks=(
        Ask("app", "link", _("Address of your application"), default="/login"),
        Ask("pricing", "link", _("Page with prices"), default="/pricing"),
    ),
    tags=("trial", "trial ended"),
    segments=(
        (
            "trial-not-set-up",
            _("Trials not set up"),
            {
                "all": [
                    {"event": "trial.started", "within": "14d"},
                    {"not": {"event": "trial.activated", "within": "14d"}},
                ]
            },
        ),
    ),
    needs=(
        Need("event", "trial.started", {"plan": "team", "value": 900}, _("Your application, when a trial begins.")),
        Need("event", "trial.activated", {"plan": "team"}, _("Your application, when the trial is set up.")),
        Need("site"),
    ),
)
