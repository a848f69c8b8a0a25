"""The form of a topic of interest."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ..models import HALF_LIFE, ScoreModel, Topic

HUES = [(265, _("Blue")), (235, _("Sky")), (190, _("Teal")), (150, _("Green")), (60, _("Orange")), (25, _("Red")),
        (345, _("Pink")), (300, _("Violet"))]  # fmt: skip

DECAYS = [
    (ScoreModel.Decay.NONE, _("Interest stays")),
    (ScoreModel.Decay.HALF, _("Interest halves")),
    (ScoreModel.Decay.LINEAR, _("Interest fades evenly")),
    (ScoreModel.Decay.EXPIRY, _("Signs expire")),
]


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
    decay = forms.ChoiceField(label=_("As time passes"), choices=DECAYS, initial=ScoreModel.Decay.HALF)
    decay_days = forms.IntegerField(
        label=_("Days"), min_value=1, max_value=3660, required=False, initial=HALF_LIFE,
        help_text=_("The time in which interest halves, or after which nothing of it is left"),
    )  # fmt: skip
    hue = forms.TypedChoiceField(label=_("Colour"), choices=HUES, coerce=int)
    past = forms.BooleanField(
        label=_("Count what happened before too"), required=False, widget=forms.CheckboxInput({"class": "cb"}),
        help_text=_("Everybody's interest is computed anew in the background. Otherwise signs count from now on."),
    )  # fmt: skip

    #: Field -> what it matches
    SIGNS = {"paths": "path", "keywords": "keyword", "assets": "asset", "links": "link", "form_names": "form"}

    @classmethod
    def initial_of(cls, topic: Topic) -> dict[str, Any]:
        """The topic as this form shows it."""
        found = list(topic.rules.order_by("pk"))
        lines = {name: "\n".join(r.value for r in found if r.match == match) for name, match in cls.SIGNS.items()}
        plain = {name: getattr(topic, name) for name in ("name", "hue", "decay")}
        return {**plain, "decay_days": topic.decay_days or None, **lines}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        ages = data.get("decay") != ScoreModel.Decay.NONE
        if ages and not data.get("decay_days") and "decay_days" not in self.errors:
            self.add_error("decay_days", _("Say how many days"))
        return data

    def values(self) -> dict[str, Any]:
        """What the action takes."""
        data = self.cleaned_data
        return {name: data[name] for name in ("name", "hue", "decay", "past")} | {
            "matches": self.matches(), "decay_days": data["decay_days"] or 0,
        }  # fmt: skip

    def matches(self) -> list[tuple[str, str]]:
        return [
            (match, line)
            for name, match in self.SIGNS.items()
            for line in self.cleaned_data[name].splitlines()
            if line.strip()
        ]
