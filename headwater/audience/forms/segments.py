"""The form of a segment."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ..compiler import ConditionError, parse


class SegmentForm(forms.Form):
    """Name, description and the condition as JSON (the editor fills it in)."""

    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(label=_("Description"), max_length=300, required=False)
    announce = forms.BooleanField(
        widget=forms.CheckboxInput({"class": "cb"}),
        label=_("A changed definition moves people as events"),
        help_text=_(
            "Off: people whom an edit brings in or lets go are moved silently, and no journey starts. "
            "On: each of them gets “entered” or “left” on the timeline, and journeys that wait for it start."
        ),
        required=False,
    )
    definition = forms.CharField(label=_("Conditions"), widget=forms.HiddenInput)

    def __init__(self, *args: Any, key: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.key = key

    def clean_definition(self) -> Any:
        try:
            condition = json.loads(self.cleaned_data["definition"])
            parse(condition, trail=(self.key,) if self.key else ())
        except json.JSONDecodeError as error:
            raise forms.ValidationError(_("This is not JSON: %(error)s") % {"error": error}) from error
        except ConditionError as error:
            raise forms.ValidationError([f"{p.path}: {p.message}" for p in error.problems]) from error
        return condition
