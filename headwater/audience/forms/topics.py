"""The form of a topic of interest."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ..models import Topic

HUES = [(265, _("Blue")), (235, _("Sky")), (190, _("Teal")), (150, _("Green")), (60, _("Orange")), (25, _("Red")),
        (345, _("Pink")), (300, _("Violet"))]  # fmt: skip


def _lines(label: Any, help_text: Any) -> forms.CharField:
    return forms.CharField(label=label, required=False, help_text=help_text, widget=forms.Textarea({"rows": 2}))


class TopicForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    paths = _lines(_("Paths that start with"), _("One a line, as /pricing"))
    keywords = _lines(
        _("Keywords"), _("One a line; looked for in addresses, titles and names of what people see and download")
    )
    assets = _lines(_("Downloads"), _("One a line: the name of a download"))
    links = _lines(_("Links"), _("One a line: what the address of a clicked link contains"))
    form_names = _lines(_("Forms"), _("One a line: the name of a form"))
    hue = forms.TypedChoiceField(label=_("Colour"), choices=HUES, coerce=int)

    #: Field -> what it matches
    SIGNS = {"paths": "path", "keywords": "keyword", "assets": "asset", "links": "link", "form_names": "form"}

    @classmethod
    def initial_of(cls, topic: Topic) -> dict[str, Any]:
        """The topic as this form shows it."""
        found = list(topic.rules.order_by("pk"))
        lines = {name: "\n".join(r.value for r in found if r.match == match) for name, match in cls.SIGNS.items()}
        return {"name": topic.name, "hue": topic.hue, **lines}

    def matches(self) -> list[tuple[str, str]]:
        return [
            (match, line)
            for name, match in self.SIGNS.items()
            for line in self.cleaned_data[name].splitlines()
            if line.strip()
        ]
