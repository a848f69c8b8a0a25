"""From the registration to the recording."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..base import Ask, Mail, Need, Template
from ..parts import branch, days, did, end, happened, hours, journey, mail, on_day, points, tag, task, until

STEPS = {
    "registered": tag("webinar: registered", "confirm"),
    "confirm": mail("confirmed", _("Confirm the registration"), "eve", transactional=True),
    "eve": on_day("@day-1", "tomorrow", at="10:00", late="today"),
    "tomorrow": mail("tomorrow", _("Remind the day before"), "today", transactional=True),
    "today": on_day("@day", "soon", at="08:30", late="after"),
    "soon": mail("today", _("Send the link in the morning"), "attends", transactional=True),
    "attends": until(_("Attends"), happened("webinar.attended"), hours(14), "attended", "after"),
    "attended": points(20, "after"),
    "after": on_day("@day+1", "came", at="10:00"),
    "came": branch(
        _("Was it attended?"),
        [("came", _("Attended"), happened("webinar.attended"), "thanks")],
        (_("Missed it"), "recording"),
    ),
    "thanks": mail("thanks", _("Thank you, and the recording"), "keen"),
    "keen": until(_("Clicks"), did("clicked", "thanks"), days(3), "call", "followed"),
    "call": task(_("Talk with {{ contact.name }} about the webinar"), "call", days(1), "followed"),
    "recording": mail("recording", _("The recording for those who missed it"), "watches"),
    "watches": until(_("Clicks"), did("clicked", "recording"), days(5), "late_points", "missed"),
    "late_points": points(10, "followed"),
    "followed": end(_("Followed up")),
    "missed": end(_("Missed it")),
}

TEMPLATE = Template(
    slug="webinar",
    order=40,
    name=_("Webinar"),
    description=_(
        "Confirms each registration, reminds the day before and sends the link in the morning. Afterwards those who "
        "came and those who missed it get different mails, and the keen ones a call."
    ),
    goal="consideration",
    icon="video",
    hue=300,
    graph=journey("registered", STEPS, [{"kind": "form", "form": "@form"}], exits=()),
    mails=(
        Mail("confirmed", _("Webinar: you are registered"), "transactional"),
        Mail("tomorrow", _("Webinar: tomorrow"), "transactional"),
        Mail("today", _("Webinar: today"), "transactional"),
        Mail("thanks", _("Webinar: thank you")),
        Mail("recording", _("Webinar: the recording")),
    ),
    asks=(
        Ask("form", "form", _("Registration form"), hint=("webinar", "registration", "event")),
        Ask("day", "date", _("Day of the webinar"), default=14),
        Ask("page", "link", _("Page with the link and the recording"), default="/webinar"),
    ),
    tags=("webinar: registered",),
    segments=(
        ("webinar-registered", _("Registered for the webinar"), {"tag": "webinar: registered"}),
        ("webinar-attended", _("Attended a webinar"), {"event": "webinar.attended"}),
    ),
    needs=(
        Need("form"),
        Need(
            "event",
            "webinar.attended",
            {"webinar": "spring", "minutes": 42},
            _("Your webinar tool, for everybody who was there."),
        ),
    ),
)
