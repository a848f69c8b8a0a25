"""Write a note about the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.teamwork import actions as teamwork
from headwater.teamwork.actions import NewNote

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Text
from ._people import written


@step("add_note", label=_("Add note"), icon="sticky-note", hue=90, group="work")
class AddNote(Step):
    fields = (Text("text", _("Note"), longest=2000, widget="long", help=_("{{ contact.name }} is filled in")),)

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        text = str(settings.get("text") or "")
        return text if len(text) <= 60 else f"{text[:59]}…"

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        texts = written(context.settings["text"], people, context)
        teamwork.add_notes(
            [NewNote(t.person_id, text) for t, text in zip(people, texts, strict=True)], actor=context.actor
        )
        return [GO] * len(people)
