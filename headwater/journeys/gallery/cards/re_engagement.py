"""People who have not been heard of for three months."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..base import Ask, Mail, Need, Template
from ..parts import any_of, days, did, end, journey, mail, parting, points, tag, untag, until, viewed

ASLEEP = {
    "all": [
        {"consent": "email"},
        {"event": "mail.sent", "within": "90d"},
        {"not": {"event": "mail.opened", "within": "90d"}},
        {"not": {"event": "mail.clicked", "within": "90d"}},
        {"not": {"event": "page.viewed", "within": "90d"}},
        {"not": {"event": "form.submitted", "within": "90d"}},
    ]
}


def wakes(mail: str) -> dict[str, object]:
    return any_of(did("opened", mail), did("clicked", mail), viewed(since="arrival"))


STEPS = {
    "asleep": tag("asleep", "miss"),
    "miss": mail("miss", _("Ask whether it is still of interest"), "first"),
    "first": until(_("Opens, clicks or comes to the site"), wakes("miss"), days(7), "awake", "choose"),
    "choose": mail("choose", _("Offer less mail"), "second"),
    "second": until(_("Opens, clicks or comes to the site"), wakes("choose"), days(14), "awake", "goodbye"),
    "goodbye": mail("goodbye", _("Say goodbye"), "third"),
    "third": until(_("Opens, clicks or comes to the site"), wakes("goodbye"), days(7), "awake", "stop"),
    "awake": untag("asleep", "points"),
    "points": points(10, "back"),
    "back": end(_("Awake again")),
    "stop": parting(
        "set_consent", {"channel": "email", "state": "withdrawn"}, {"next": "left"}, _("Stop mailing them")
    ),
    "left": end(_("Left in peace")),
}  # fmt: skip

TEMPLATE = Template(
    slug="re-engagement",
    order=110,
    name=_("Re-engagement"),
    description=_(
        "People who got mails for 90 days and opened none, and never came to the site: asked twice, then said goodbye "
        "to. Who stays silent gets no more mail, which keeps your mails out of the spam folders of the others."
    ),
    goal="retention",
    icon="alarm-clock",
    hue=300,
    graph=journey("asleep", STEPS, [{"kind": "segment", "segment": "@segment:asleep-90"}], after=days(180)),
    mails=(
        Mail("miss", _("Re-engagement: still of interest?")),
        Mail("choose", _("Re-engagement: less mail")),
        Mail("goodbye", _("Re-engagement: goodbye")),
    ),
    asks=(Ask("news", "link", _("Page with what is new"), default="/"),),
    tags=("asleep",),
    segments=(("asleep-90", _("Asleep for 90 days"), ASLEEP),),
    needs=(Need("site"),),
)
