"""Fourteen days of a trial, by what is done with them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..base import Ask, Mail, Need, Template
from ..parts import branch, days, end, happened, hours, journey, mail, points, tag, task, until, viewed, wait

USED = happened("trial.activated")

STEPS = {
    "start": mail("start", _("The first step"), "tagged", transactional=True),
    "tagged": tag("trial", "uses"),
    "uses": until(_("Has set it up"), USED, days(3), "active", "stuck"),
    "active": points(15, "next"),
    "next": mail("next", _("The second step"), "half"),
    "stuck": mail("stuck", _("Offer a hand"), "help"),
    "help": task(_("Help {{ contact.name }} to get started: the trial is not set up yet"), "email", hours(8), "half"),
    "half": wait(days(6), "ending", title=_("Time to try it"), at="10:00"),
    "ending": mail("ending", _("Four days left"), "wants"),
    "wants": until(
        _("Looks at the prices"), viewed("/pricing", since="arrival"), days(3), "call", "last_day"
    ),
    "call": task(
        _("Call {{ contact.name }}: looks at prices, the trial ends soon"), "call", hours(4), "last_wait",
        priority="high",
    ),
    "last_wait": wait(days(2), "last_day", at="10:00"),
    "last_day": mail("last-day", _("The last day"), "over", transactional=True),
    "over": wait(days(2), "used", at="10:00"),
    "used": branch(_("Was it used?"), [("yes", _("Yes"), USED, "ask")], (_("No"), "expired")),
    "ask": task(_("Ask {{ contact.name }} what kept the trial from becoming more"), "call", days(1), "expired"),
    "expired": tag("trial ended", "done"),
    "done": end(_("Trial ended")),
}  # fmt: skip

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
        business_hours=False,
    ),
    mails=(
        Mail("start", _("Trial: the first step"), "transactional"),
        Mail("next", _("Trial: the second step")),
        Mail("stuck", _("Trial: a hand?")),
        Mail("ending", _("Trial: four days left")),
        Mail("last-day", _("Trial: the last day"), "transactional"),
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
