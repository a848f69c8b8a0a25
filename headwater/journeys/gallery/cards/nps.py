"""What to do with the answer to "would you recommend us?"."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from ..base import Ask, Mail, Need, Template
from ..parts import branch, days, did, end, happened, hours, journey, mail, points, tag, task, tell, untag, until


def answered(op: str, score: int) -> dict[str, Any]:
    """Of the answer that let her in, whatever else she answers meanwhile."""
    return happened("survey.answered", ("score", op, score), since="cause")


STEPS = {
    "score": branch(
        _("Would they recommend us?"),
        [
            ("detractor", _("0 to 6"), answered("lte", 6), "unhappy"),
            ("promoter", _("9 and 10"), answered("gte", 9), "happy"),
        ],
        (_("7 and 8"), "thanks"),
    ),
    "unhappy": tag("nps: detractor", "alarm"),
    "alarm": tell(_("{{ contact.name }} answered {{ event.score | default('6 or less') }} of 10"), "call"),
    "call": task(
        _("Call {{ contact.name }}: {{ event.score | default('6 or less') }} of 10. {{ event.comment | default('') }}"),
        "call",
        hours(8),
        "sorry",
        priority="high",
    ),
    "sorry": mail("sorry", _("Say that somebody will call"), "heard"),
    "heard": until(_("The call was made"), happened("call.logged"), days(3), "cared", "late"),
    "late": task(
        _("{{ contact.name }} is unhappy and still waits for a call"), "call", hours(4), "cared", priority="high"
    ),
    "cared": end(_("Heard")),
    "happy": tag("nps: promoter", "not_unhappy"),
    "not_unhappy": untag("nps: detractor", "points"),
    "points": points(10, "ask"),
    "ask": mail("recommend", _("Ask for a recommendation"), "recommends"),
    "recommends": until(_("Clicks"), did("clicked", "ask"), days(10), "praise", "glad"),
    "praise": task(_("Thank {{ contact.name }} for recommending us"), "email", days(2), "glad"),
    "glad": end(_("Promoter")),
    "thanks": mail("passive", _("Ask what is missing"), "passive"),
    "passive": end(_("Asked")),
}

TEMPLATE = Template(
    slug="nps",
    order=130,
    name=_("NPS follow-up"),
    description=_(
        "Somebody answers how likely they are to recommend you: 9 and 10 are asked to do so, 7 and 8 what is missing, "
        "and 0 to 6 get a call from a person within the day."
    ),
    goal="retention",
    icon="smile",
    hue=90,
    graph=journey(
        "score",
        STEPS,
        [{"kind": "event", "event": "survey.answered", "where": [{"prop": "survey", "op": "eq", "value": "nps"}]}],
        after=days(30),
        exits=(),
    ),
    mails=(
        Mail("sorry", _("NPS: somebody will call"), "transactional"),
        Mail("recommend", _("NPS: would you tell others?")),
        Mail("passive", _("NPS: what is missing?")),
    ),
    asks=(Ask("review", "link", _("Page where you are recommended"), default="/review"),),
    tags=("nps: detractor", "nps: promoter"),
    segments=(("nps-detractors", _("Unhappy customers (NPS)"), {"tag": "nps: detractor"}),),
    needs=(
        Need(
            "event",
            "survey.answered",
            {"survey": "nps", "score": 9, "comment": "Saves us a day a week"},
            _("Your survey, when somebody has answered."),
        ),
    ),
)
