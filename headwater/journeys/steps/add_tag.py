"""Add tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from headwater.people import actions as people_actions

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Text

if TYPE_CHECKING:
    from ..engine.foresight.walking import Sight


@step("add_tag", label=_("Add tag"), icon="tag", hue=235, group="person")
class AddTag(Step):
    fields = (Text("tag", _("Tag"), longest=60, widget="tag", source="tags"),)

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        return str(_("Tag %(tag)s") % {"tag": settings.get("tag", "")})

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        people_actions.add_tags([t.person_id for t in people], [context.settings["tag"]], actor=context.actor)
        return [GO] * len(people)

    @classmethod
    def foresee(cls, sight: Sight) -> Outcome:
        tag = str(sight.settings["tag"]).strip()
        if not sight.person.tagged_at(tag, sight.way):
            sight.way.tags[tag] = True
            sight.happen("tag.added", {"tag": tag})
        return GO
