"""What this package adds to the pages below it, and what it needs to draw itself there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from headwater.accounts.registry import audit_fields, audit_words
from headwater.messaging.models import MailTemplate
from headwater.messaging.registry import Use, users_of_templates
from headwater.people import registry as people

from .actions.holdings import HOLDER
from .actions.mailing import SLUG
from .models import Status
from .rules import STATUS_HUES


def _uses(template_ids: Sequence[int]) -> Mapping[int, Sequence[Use]]:
    """Replies are sent with the template of that name as long as there is one."""
    rows = MailTemplate.objects.filter(slug=SLUG, archived_at=None, pk__in=template_ids).values_list("pk", flat=True)
    return {pk: [Use(gettext("Replies to tickets"), "/tickets/", "life-buoy", running=True)] for pk in rows}


people.holders.add("service", HOLDER)
users_of_templates.add("service", _uses)

# -- words of facts --------------------------------------------------------------------------------------------------
KINDS = (
    "ticket.opened", "ticket.replied", "ticket.answered", "ticket.noted", "ticket.status_changed", "ticket.solved",
    "ticket.reopened", "ticket.assigned", "ticket.overdue", "ticket.updated",
)  # fmt: skip
for _kind in KINDS:
    people.links.add(f"{_kind}.number", lambda data: f"/tickets/{data['ticket']}/" if data.get("ticket") else "")


def _status(value: str) -> tuple[str, int]:
    return str(dict(Status.choices).get(value, value)), STATUS_HUES.get(value, 265)


for _field in ("before", "after"):
    people.words.add(f"ticket.status_changed.{_field}", _status)
_WHAT = {"reply": _("first reply"), "solution": _("solution")}
people.words.add("ticket.overdue.what", lambda value: str(_WHAT.get(value, value)))
for _action, _words_of in {
    "queue.created": _("Queue created"),
    "queue.changed": _("Queue changed"),
    "queue.archived": _("Queue archived"),
    "queue.restored": _("Queue brought back"),
}.items():
    audit_words.add(_action, _words_of)
for _name, _words_of in {"targets": _("Targets"), "hours": _("Hours")}.items():
    audit_fields.add(_name, _words_of)
