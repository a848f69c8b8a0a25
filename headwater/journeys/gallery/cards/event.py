"""Invite, remind, confirm, follow up by whether they came."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..base import Ask, Mail, Need, Template
from ..parts import branch, days, end, happened, journey, mail, on_day, points, tag, task, until

REGISTERS = happened("form.submitted", ("form", "eq", "@form"))

STEPS = {
    "invite": mail("invitation", _("Invite"), "answer"),
    "answer": until(_("Registers"), REGISTERS, days(4), "registered", "remind"),
    "remind": mail("reminder", _("Remind once"), "answer2"),
    "answer2": until(_("Registers after all"), REGISTERS, days(5), "registered", "no"),
    "no": end(_("Did not register")),
    "registered": tag("event: registered", "confirm"),
    "confirm": mail("confirmed", _("Confirm the seat"), "held", transactional=True),
    "held": on_day("@day+1", "came", at="10:00"),
    "came": branch(
        _("Was it attended?"),
        [("came", _("Attended"), {"tag": "event: attended"}, "thanks")],
        (_("Missed it"), "missed"),
    ),
    "thanks": mail("thanks", _("Say thank you"), "points"),
    "points": points(15, "task"),
    "task": task(_("Follow up on the event with {{ contact.name }}"), "email", days(2), "end"),
    "missed": mail("missed", _("Send the recording"), "end"),
    "end": end(_("Followed up")),
}

TEMPLATE = Template(
    slug="event",
    order=30,
    name=_("Event invitation and follow-up"),
    description=_(
        "Invite the people you tag, remind those who have not answered, confirm those who have, and follow up by "
        "whether they came."
    ),
    goal="consideration",
    icon="calendar",
    hue=190,
    graph=journey("invite", STEPS, [{"kind": "tag", "tag": "@tag"}]),
    mails=(
        Mail("invitation", _("Event: invitation")),
        Mail("reminder", _("Event: reminder")),
        Mail("confirmed", _("Event: seat saved"), "transactional"),
        Mail("thanks", _("Event: thank you")),
        Mail("missed", _("Event: sorry to have missed you")),
    ),
    asks=(
        Ask("tag", "tag", _("Tag that invites a person"), default="invite: event"),
        Ask("form", "form", _("Registration form"), hint=("event", "webinar", "registration")),
        Ask("day", "date", _("Day of the event"), default=21),
        Ask("page", "link", _("Page of the event"), default="/events"),
    ),
    tags=("event: registered", "event: attended"),
    segments=(("event-registered", _("Registered for the event"), {"tag": "event: registered"}),),
    needs=(Need("form"),),
)
