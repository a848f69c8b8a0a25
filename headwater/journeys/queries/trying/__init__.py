"""Which way a person would take through the draft now, without anything being done: "test with a person"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from headwater.people.models import Contact
from headwater.timeline import queries as timeline

from ...engine.graph import Version, ready
from ...engine.rulebook import with_segments
from ...models import Journey
from ...rules import matching
from ..words import said
from .base import Choices, LetIn, Mail, Tried
from .mails import mail_for
from .walk import Walk

__all__ = ["Choices", "LetIn", "Mail", "Tried", "dry_run", "entry_of", "mail_for"]


class _Undo(Exception):
    pass


def dry_run(
    journey: Journey, person_id: int, *, event: Mapping[str, Any] | None = None, choices: Choices | None = None
) -> list[Tried]:
    """Which way she would take through the draft if she entered now. Every step is really run, at the time at which she
    would come to it, and everything it did is undone, so nothing is sent and nothing written. What waits for something
    to happen is told as "nothing happens", unless `choices` says otherwise; where the goal or an exit ends the way, it
    ends. event: properties of what let her in; None: of the newest fact of hers that would. Raises
    Contact.DoesNotExist."""
    Contact.objects.get(pk=person_id)
    version = _draft(journey)
    let_in = _cause(version, person_id)
    if event is not None:
        let_in = LetIn(let_in.words, _kind(version, event) or let_in.kind, dict(event), None)
    walk = Walk(version, person_id, choices or Choices())
    try:
        with transaction.atomic():
            walk.go(let_in)
            raise _Undo
    except _Undo:
        pass
    return walk.out


def entry_of(journey: Journey, person_id: int) -> LetIn:
    """The newest of her last 500 facts that would let her in; by hand without one."""
    return _cause(_draft(journey), person_id)


def _draft(journey: Journey) -> Version:
    return ready(0, journey.pk, journey.name, 0, with_segments(journey.draft))


def _cause(version: Version, person_id: int) -> LetIn:
    for entry in timeline.read(person_id, limit=500, quiet=True):
        rule = next((r for r in version.entry if matching.matches(r, entry.kind, entry.data)), None)
        if rule is not None:
            return LetIn(said(rule), entry.kind, dict(entry.data), entry.at)
    return LetIn(str(_("By hand or API")), "manual", {}, None)


def _kind(version: Version, data: Mapping[str, Any]) -> str:
    """The kind of fact with these properties that would let somebody in."""
    kinds = [(rule, matching.fact_kind(rule)) for rule in version.entry]
    return next((kind for rule, kind in kinds if kind and matching.matches(rule, kind, data)), "")
