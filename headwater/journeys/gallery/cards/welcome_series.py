"""Three mails for who has just subscribed, at the pace at which they read."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..base import Ask, Mail, Need, Template
from ..parts import any_of, branch, days, did, end, journey, mail, points, tag, until, viewed, wait

STEPS = {
    "hello": mail("hello", _("Welcome"), "subscriber"),
    "subscriber": tag("subscriber", "pause"),
    "pause": wait(days(2), "best", at="10:00", days=["mon", "tue", "wed", "thu", "fri"]),
    "best": mail("best", _("The best to begin with"), "reads"),
    "reads": until(
        _("Clicks, or comes to the site"),
        any_of(did("clicked", "best"), viewed(since="arrival")),
        days(3),
        "interest",
        "opened",
    ),
    "interest": points(5, "rest"),
    "opened": branch(
        _("Opened at least one of them?"),
        [("yes", _("Yes"), any_of(did("opened", "hello"), did("opened", "best")), "rest")],
        (_("No"), "shorter"),
    ),
    "rest": wait(days(3), "question", at="10:00", days=["tue", "wed", "thu"]),
    "question": mail("question", _("Ask a question"), "welcomed"),
    "welcomed": end(_("Welcomed")),
    "shorter": mail("shorter", _("Once more, shorter"), "last_look"),
    "last_look": until(
        _("Opens it"), any_of(did("opened", "shorter"), did("clicked", "shorter")), days(5), "rest", "quiet"
    ),
    "quiet": tag("quiet", "silent"),
    "silent": end(_("Quiet for now")),
}

TEMPLATE = Template(
    slug="welcome-series",
    order=10,
    name=_("Welcome series"),
    description=_(
        "Somebody subscribes: say hello at once, show the best of what you have, then ask what they are after. Who "
        "does not open anything gets one short mail more and is left in peace."
    ),
    goal="awareness",
    icon="sparkles",
    hue=235,
    graph=journey(
        "hello", STEPS, [{"kind": "form", "form": "@form"}], again="once", goal={"kind": "stage", "stage": "mql"}
    ),
    mails=(
        Mail("hello", _("Welcome: hello")),
        Mail("best", _("Welcome: the best to begin with")),
        Mail("question", _("Welcome: one question")),
        Mail("shorter", _("Welcome: once more, shorter")),
    ),
    asks=(
        Ask("form", "form", _("Form that starts it"), hint=("newsletter", "subscribe", "sign")),
        Ask("start", "link", _("Page to begin with"), default="/"),
    ),
    tags=("subscriber", "quiet"),
    needs=(Need("form"), Need("site")),
)
