"""The deal value rule: from 500 on a call, below it the way to help oneself."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..base import Ask, Mail, Need, Template
from ..parts import branch, days, end, happened, hours, journey, mail, parting, tag, task, until, viewed, wait

STEPS = {
    "hand": parting(
        "hand_over",
        {
            "reason": _("Ready to talk: score or trial"),
            "deal_name": "{{ company.name | default(contact.name) }}",
            "amount_from": "event.value, contact.deal_value",
            "amount": 1200,
            "threshold": 500,
        },
        {"next": "tag", "under": "self"},
    ),
    "tag": tag("handed over", "intro"),
    "intro": mail("intro", _("Introduce the owner"), "accepted"),
    "accepted": until(_("Sales accepts"), happened("lead.accepted"), days(1), "end", "nudge"),
    "nudge": task(
        _("{{ contact.name }} is still waiting for your call"), "call", hours(4), "end", priority="high"
    ),
    "end": end(_("With sales")),
    "self": tag("self-service", "small"),
    "small": mail("small", _("Show the small plan"), "calm"),
    "calm": wait(days(7), "second"),
    "second": branch(
        _("Looked at prices again?"), [("yes", _("Yes"), viewed("/pricing"), "ask")], (_("No"), "rest")
    ),
    "ask": task(_("Ask {{ contact.name }} what is missing in the small plan"), "email", days(2), "end"),
    "rest": end(_("Left in peace")),
}  # fmt: skip

TEMPLATE = Template(
    slug="hand-over",
    order=70,
    name=_("Hand-over to sales"),
    description=_(
        "A lead turns hot or starts a trial: deals worth 500 and over go to a colleague with a call task, smaller ones "
        "are shown the way to help themselves."
    ),
    goal="decision",
    icon="handshake",
    hue=60,
    graph=journey(
        "hand",
        STEPS,
        [
            {"kind": "score", "model": "engagement", "band": "hot"},
            {"kind": "event", "event": "trial.started"},
        ],
        after=days(30),
        goal={"kind": "stage", "stage": "customer"},
        exits=(),
    ),
    mails=(
        Mail("intro", _("Hand-over: the person to ask")),
        Mail("small", _("Hand-over: start small")),
    ),
    asks=(
        Ask("pricing", "link", _("Page with prices"), default="/pricing"),
        Ask("signup", "link", _("Page where an account is made"), default="/signup"),
    ),
    tags=("self-service", "handed over"),
    segments=(("hot-leads", _("Hot leads"), {"score": "engagement", "op": "gte", "value": 60}),),
    needs=(
        Need("takers"),
        Need("site"),
        Need("event", "trial.started", {"plan": "team", "value": 900}, _("Your application, when a trial begins.")),
    ),
)
