"""Somebody asks for a white paper: answer by what they do with it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..base import Ask, Mail, Need, Template
from ..parts import any_of, branch, days, did, end, journey, mail, points, tag, task, until, viewed, wait

STEPS = {
    "welcome": mail("welcome", _("Send the white paper"), "tag"),
    "tag": tag("nurture", "reaction"),
    "reaction": branch(
        _("How was it taken?"),
        [
            ("pricing", _("Visited pricing"), viewed("/pricing"), "warm"),
            ("clicked", _("Clicked"), did("clicked", "welcome"), "points"),
        ],
        (_("No reaction"), "opened"),
        within=days(2),
    ),
    "warm": tag("pricing interest", "score"),
    "score": points(10, "breath"),
    "points": points(5, "digest"),
    "digest": wait(days(1), "case"),
    "case": mail("case-study", _("Send the case study"), "breath"),
    "opened": branch(
        _("Opened it at least?"), [("yes", _("Yes"), did("opened", "welcome"), "digest")], (_("No"), "quiet")
    ),
    "quiet": mail("reminder", _("Remind once"), "patience"),
    "patience": until(
        _("Comes back"), any_of(did("clicked", "quiet"), viewed(since="arrival")), days(4), "case", "silent"
    ),
    "silent": end(_("No interest for now")),
    "breath": wait(days(1), "offer"),
    "offer": mail("trial-offer", _("Offer a trial"), "decide"),
    "decide": wait(days(5), "call", title=_("Time to try it")),
    "call": task(_("Call {{ contact.name }}: read the white paper, no trial yet"), "call", days(1), "done"),
    "done": end(_("With sales")),
}

TEMPLATE = Template(
    slug="welcome-nurture",
    order=20,
    name=_("Lead nurture"),
    description=_(
        "Somebody asks for your white paper: send it, see what becomes of it, and answer in kind. Ends with a trial, a "
        "call, or silence."
    ),
    goal="consideration",
    icon="book-open",
    hue=265,
    graph=journey(
        "welcome",
        STEPS,
        [{"kind": "form", "form": "@form"}],
        again="once",
        goal={"kind": "event", "event": "trial.started"},
    ),
    mails=(
        Mail("welcome", _("Nurture: your white paper")),
        Mail("case-study", _("Nurture: case study")),
        Mail("trial-offer", _("Nurture: trial offer")),
        Mail("reminder", _("Nurture: reminder")),
    ),
    asks=(
        Ask("form", "form", _("Form that starts it"), hint=("white", "paper", "download")),
        Ask("paper", "link", _("Page with the white paper"), default="/white-paper"),
        Ask("story", "link", _("Page with a customer's story"), default="/blog"),
        Ask("trial", "link", _("Page where a trial begins"), default="/signup"),
    ),
    tags=("nurture", "pricing interest"),
    segments=(("in-nurture", _("In nurture"), {"all": [{"tag": "nurture"}, {"not": {"event": "trial.started"}}]}),),
    needs=(
        Need("form"),
        Need("site"),
        Need("event", "trial.started", {"plan": "team", "value": 900}, _("Your application, when a trial begins.")),
    ),
)
