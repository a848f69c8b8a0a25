"""What is asked on this package's pages."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class ReplayForm(forms.Form):
    since = forms.DateTimeField(
        label=_("Since"),
        help_text=_("What happened from then on is heard again."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "autofocus": True}, format="%Y-%m-%dT%H:%M"),
    )
