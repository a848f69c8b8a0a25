"""The forms under Settings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

from .models import Role, Team, User, Workspace
from .rules import CURRENCIES, SCOPES, time_zones

THEMES = (("system", _("As the system")), ("light", _("Light")), ("dark", _("Dark")))
SCOPE_LABELS = {
    "events:write": _("Send events"),
    "read": _("Read everything"),
    "write": _("Read and change records"),
    "admin": _("Everything, users and settings too"),
}


def _zones() -> list[tuple[str, str]]:
    return [(zone, zone.replace("_", " ")) for zone in time_zones()]


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class takes none at run time
    language = forms.ChoiceField(
        label=_("Language"), choices=[("", _("As the browser")), *settings.LANGUAGES], required=False
    )
    theme = forms.ChoiceField(label=_("Theme"), choices=THEMES, required=False)
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=lambda: [("", _("As the workspace")), *_zones()], required=False
    )

    class Meta:
        model = User
        fields = ("first_name", "last_name", "language", "theme", "time_zone")
        labels = {"first_name": _("First name"), "last_name": _("Last name")}


class WorkspaceForm(forms.ModelForm):  # type: ignore[type-arg]
    name = forms.CharField(label=_("Company name"), max_length=120)
    base_url = forms.CharField(
        label=_("Address of this installation"),
        max_length=200,
        help_text=_("Links in mails start with it, so it must be reachable from outside."),
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=_zones)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in CURRENCIES])
    mail_from = forms.EmailField(label=_("Sender address"), required=False, max_length=254)

    class Meta:
        model = Workspace
        fields = (
            "name", "website", "base_url", "language", "time_zone", "currency", "mail_from_name", "mail_from",
            "postal_address",
        )  # fmt: skip
        labels = {
            "website": _("Web site"),
            "mail_from_name": _("Sender name"),
            "postal_address": _("Postal address"),
        }
        help_texts = {"postal_address": _("Stands at the foot of marketing mail; many countries require it.")}

    def clean_base_url(self) -> str:
        url = str(self.cleaned_data["base_url"]).rstrip("/")
        URLValidator(schemes=["http", "https"], message=_("Write it like https://crm.example.com"))(
            url.replace("localhost", "localhost.localdomain")
        )
        return url


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), max_length=150)
    first_name = forms.CharField(label=_("First name"), max_length=150, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=150, required=False)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.SALES)
    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.order_by("name"), required=False, empty_label=_("No team")
    )
    takes_leads = forms.BooleanField(
        label=_("Takes leads"), required=False, help_text=_("Qualified leads are handed to these users in turn.")
    )


class UserForm(InviteForm):
    """What an administrator changes about a user; the address stays."""

    field_order = ("first_name", "last_name", "role", "team", "takes_leads")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["email"]


class TeamForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)


class ApiKeyForm(forms.Form):
    name = forms.CharField(label=_("What it is for"), max_length=80)
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        choices=[(scope, SCOPE_LABELS[scope]) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
        initial=["read"],
    )


class FirstRunForm(forms.Form):
    company = forms.CharField(label=_("Company name"), max_length=120)
    first_name = forms.CharField(label=_("First name"), max_length=150)
    last_name = forms.CharField(label=_("Last name"), max_length=150, required=False)
    email = forms.EmailField(label=_("E-mail"), max_length=150)
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 8 characters."),
    )

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password)
        return password
