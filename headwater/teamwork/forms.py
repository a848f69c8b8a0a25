"""What people type about tasks, notes and calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import User
from headwater.people.models import Contact

from .models import CallDirection, CallOutcome, Priority, TaskKind

if TYPE_CHECKING:
    Users = forms.ModelChoiceField[User]
else:
    Users = forms.ModelChoiceField


class UserChoice(Users):
    """Colleagues by name."""

    def label_from_instance(self, user: Any) -> str:
        return str(user.name)


class DateTimeInput(forms.DateTimeInput):
    """The browser's own picker; the value is local time of the signed-in user."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class TaskForm(forms.Form):
    title = forms.CharField(label=_("What is to do"), max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), choices=TaskKind.choices, initial=TaskKind.TODO)
    due_at = forms.DateTimeField(label=_("Due"), required=False, widget=DateTimeInput())
    owner = UserChoice(label=_("For"), queryset=User.objects.none(), required=False)
    priority = forms.TypedChoiceField(
        label=_("Priority"),
        choices=Priority.choices,
        initial=Priority.NORMAL,
        coerce=int,
        required=False,
        empty_value="",
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 3}))
    contact = forms.IntegerField(required=False, widget=forms.HiddenInput)
    deal = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)
        owner.queryset = User.objects.filter(is_active=True).order_by("first_name", "last_name", "email")

    def clean_contact(self) -> int | None:
        return known_contact(self.cleaned_data.get("contact"))


class NoteForm(forms.Form):
    body = forms.CharField(max_length=20_000, error_messages={"required": _("A note needs some text.")})
    contact = forms.IntegerField(required=False)
    company = forms.IntegerField(required=False)
    deal = forms.IntegerField(required=False)

    def clean_contact(self) -> int | None:
        return known_contact(self.cleaned_data.get("contact"))


class CallForm(forms.Form):
    outcome = forms.ChoiceField(choices=CallOutcome.choices)
    direction = forms.ChoiceField(choices=CallDirection.choices, initial=CallDirection.OUT)
    minutes = forms.IntegerField(min_value=0, max_value=1440, required=False)
    note = forms.CharField(max_length=20_000, required=False)
    contact = forms.IntegerField(required=False)
    deal = forms.IntegerField(required=False)

    def clean_contact(self) -> int | None:
        return known_contact(self.cleaned_data.get("contact"))


def known_contact(pk: int | None) -> int | None:
    """The id, where there is such a contact. Raises ValidationError."""
    if pk is not None and not Contact.objects.filter(pk=pk).exists():
        raise forms.ValidationError(_("There is no such contact."))
    return pk
