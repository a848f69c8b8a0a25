"""Remove tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from headwater.people import actions as people_actions

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Text

if TYPE_CHECKING:
    from ..engine.foresight.walking import Sight


@step("remove_tag", label=_("Remove tag"), icon="tag", hue=265, group="person")
class RemoveTag(Step):
    fields = (Text("tag", _("Tag"), longest=60, widget="tag", source="tags"),)

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        return str(_("Remove tag %(tag)s") % {"tag": settings.get("tag", "")})

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        people_actions.remove_tags([t.person_id for t in people], [context.settings["tag"]], actor=context.actor)
        return [GO] * len(people)

    @classmethod
    def foresee(cls, sight: Sight) -> Outcome:
        tag = str(sight.settings["tag"]).strip()
        if sight.person.tagged_at(tag, sight.way):
            sight.way.tags[tag] = False
            sight.happen("tag.removed", {"tag": tag})
        return GO
