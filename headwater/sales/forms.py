"""What people type about deals and leads."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import User
from headwater.core.money import CURRENCIES, parse_money
from headwater.people.models import Company, Contact

from .models import PipelineStage

if TYPE_CHECKING:
    Users = forms.ModelChoiceField[User]
else:
    Users = forms.ModelChoiceField


class UserChoice(Users):
    """Colleagues by name."""

    def label_from_instance(self, user: Any) -> str:
        return str(user.name)


class MoneyField(forms.CharField):
    """An amount as people type it, in any of the usual ways."""

    def clean(self, value: Any) -> Decimal | None:
        text = super().clean(value)
        try:
            return parse_money(text)
        except ValueError as error:
            raise forms.ValidationError(_("Write an amount such as 12,400.50.")) from error


def _sellers() -> Any:
    return User.objects.filter(is_active=True).order_by("first_name", "last_name", "email")


class DealForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200)
    amount = MoneyField(
        label=_("Amount"), required=False, max_length=40, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=[(c, c) for c in CURRENCIES])
    stage = forms.ModelChoiceField(label=_("Stage"), queryset=PipelineStage.objects.none(), empty_label=None)
    owner = UserChoice(label=_("Owner"), queryset=User.objects.none(), required=False)
    expected_close = forms.DateField(
        label=_("Expected close"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    contact = forms.IntegerField(required=False, widget=forms.HiddenInput)
    company = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, pipeline_id: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stages = PipelineStage.objects.filter(kind="open", archived_at=None)
        if pipeline_id is not None:
            stages = stages.filter(pipeline_id=pipeline_id)
        for name, rows in (("stage", stages), ("owner", _sellers())):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows
        self.fields["stage"].label_from_instance = lambda stage: stage.label  # type: ignore[attr-defined]

    def clean_contact(self) -> int | None:
        pk = self.cleaned_data.get("contact")
        if pk is not None and not Contact.objects.filter(pk=pk).exists():
            raise forms.ValidationError(_("There is no such contact."))
        return pk

    def clean_company(self) -> int | None:
        pk = self.cleaned_data.get("company")
        if pk is not None and not Company.objects.filter(pk=pk).exists():
            raise forms.ValidationError(_("There is no such company."))
        return pk


class EditForm(forms.Form):
    """One property of a deal at a time: `field` says which."""

    name = forms.CharField(max_length=200, required=False)
    amount = MoneyField(required=False, max_length=40)
    currency = forms.ChoiceField(choices=[(c, c) for c in CURRENCIES], required=False)
    owner = UserChoice(queryset=User.objects.none(), required=False)
    expected_close = forms.DateField(required=False)
    source = forms.CharField(max_length=80, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["owner"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = _sellers()


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=200, error_messages={"required": _("Say why.")}, widget=forms.TextInput()
    )


class HandOverForm(forms.Form):
    reason = forms.CharField(label=_("Why now?"), max_length=300, error_messages={"required": _("Say why.")})
    amount = MoneyField(
        label=_("Deal value"), required=False, max_length=40, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )


class DeskForm(forms.Form):
    sla_minutes = forms.IntegerField(
        label=_("Minutes to answer a lead"),
        min_value=1,
        max_value=43_200,
        help_text=_("The clock that runs from a hand-over until sales accepts or returns the lead."),
    )


class PipelineForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80, error_messages={"required": _("Give the pipeline a name.")})


class StageForm(forms.Form):
    """An open stage; `kind` "won" and "lost" have a name only."""

    name = forms.CharField(label=_("Name"), max_length=60, error_messages={"required": _("Give the stage a name.")})
    probability = forms.IntegerField(
        label=_("Probability"), min_value=0, max_value=100, help_text=_("Percent of deals that are won from here.")
    )
    rot_days = forms.IntegerField(
        label=_("Rots after days"),
        min_value=0,
        max_value=3650,
        help_text=_("A deal that stands here longer is marked. 0: never."),
    )

    def __init__(self, *args: Any, kind: str = "open", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "stage_%s"  # the page below the dialog has a form, too
        if kind != "open":
            del self.fields["probability"], self.fields["rot_days"]


class ArchiveForm(forms.Form):
    into = forms.IntegerField(
        label=_("Its deals go to"), widget=forms.Select, error_messages={"required": _("Choose a stage.")}
    )

    def __init__(self, *args: Any, stages: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        widget = self.fields["into"].widget
        assert isinstance(widget, forms.Select)
        widget.choices = [("", _("Choose a stage.")), *((s.pk, s.label) for s in stages)]
