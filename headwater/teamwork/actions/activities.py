"""Notes and calls."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from headwater.accounts.models import User
from headwater.core import clock, wake
from headwater.core.actors import user_id
from headwater.timeline.actions import in_lane, record

from ..facts import CallLogged, NoteAdded
from ..models import Call, CallDirection, CallOutcome, Note
from ..rules import mentioned
from .notifications import NewNotification, notify

MAX_NOTE = 20_000
EXCERPT = 500


def add_note(
    body: str,
    *,
    actor: str,
    person_id: int | None = None,
    company_id: int | None = None,
    deal_id: int | None = None,
    url: str = "",
) -> int:
    """Write a note down; colleagues named with @ are told (with `url` as the way there).

    Records NoteAdded where it is about a person. Returns the note's id. Raises ValueError on an empty or too long body.
    """
    body = body.strip()
    if not body:
        raise ValueError(_("A note needs some text."))
    if len(body) > MAX_NOTE:
        raise ValueError(_("A note may have %(n)s characters.") % {"n": MAX_NOTE})
    users = {u.pk: u for u in User.objects.filter(is_active=True)} if "@" in body else {}
    found = mentioned(body, {pk: (u.name, u.email) for pk, u in users.items()})
    author = user_id(actor)
    with in_lane(*([person_id] if person_id is not None else [])):
        note = Note.objects.create(
            contact_id=person_id,
            company_id=company_id,
            deal_id=deal_id,
            body=body,
            mentions=found,
            author_id=author,
            actor=actor,
            created_at=clock.now(),
        )
        if person_id is not None:
            record(person_id, NoteAdded(note=note.pk, text=body[:EXCERPT], deal=deal_id), actor=actor)
        told = [pk for pk in found if pk != author]
        notify([NewNotification(pk, body[:140], url, f"note:{note.pk}", icon="at-sign") for pk in told])
        if deal_id is not None:
            wake.publish(f"deal:{deal_id}")
    return note.pk


def log_call(
    *,
    actor: str,
    person_id: int | None,
    outcome: str,
    direction: str = "out",
    seconds: int = 0,
    note: str = "",
    at: datetime | None = None,
    deal_id: int | None = None,
) -> int:
    """Keep a call. at: when it took place (now if left out). Records CallLogged where it is about a person.

    Returns the call's id. Raises ValueError on an unknown outcome or direction, or a negative duration.
    """
    if outcome not in CallOutcome.values:
        raise ValueError(f"unknown outcome of a call: {outcome!r}")
    if direction not in CallDirection.values:
        raise ValueError(f"unknown direction of a call: {direction!r}")
    if not 0 <= seconds <= 86_400:
        raise ValueError(_("A call lasts between 0 and 24 hours."))
    when = at or clock.now()
    with in_lane(*([person_id] if person_id is not None else [])):
        call = Call.objects.create(
            contact_id=person_id,
            deal_id=deal_id,
            direction=direction,
            outcome=outcome,
            seconds=seconds,
            note=note.strip(),
            at=when,
            user_id=user_id(actor),
            actor=actor,
        )
        if person_id is not None:
            fact = CallLogged(
                call=call.pk,
                direction=direction,
                outcome=outcome,
                seconds=seconds,
                text=note.strip()[:EXCERPT],
                deal=deal_id,
            )
            record(person_id, fact, actor=actor, at=when)
        if deal_id is not None:
            wake.publish(f"deal:{deal_id}")
    return call.pk
