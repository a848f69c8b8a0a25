"""What people type about deals, leads and orders."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import User
from headwater.core.money import CURRENCIES, parse_money
from headwater.people.models import Company, Contact

from .actions import NewLine
from .models import Order, OrderLine, OrderStatus, PipelineStage

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


def _money(label: Any) -> MoneyField:
    widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "num"})
    return MoneyField(label=label, required=False, max_length=40, widget=widget)


class OrderForm(forms.Form):
    """An order written by hand. Its lines come as lists: line_name, line_sku, line_quantity, line_price, line_discount;
    after `is_valid`, `lines` has them."""

    number = forms.CharField(label=_("Number"), max_length=60, required=False)
    placed_at = forms.DateTimeField(
        label=_("Placed on"),
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    source = forms.CharField(
        label=_("Source"), max_length=80, required=False, widget=forms.TextInput(attrs={"list": "order-sources"})
    )
    coupon = forms.CharField(label=_("Coupon"), max_length=80, required=False)
    currency = forms.ChoiceField(label=_("Currency"), choices=[(c, c) for c in CURRENCIES])
    discount, shipping, tax = _money(_("Discount")), _money(_("Shipping")), _money(_("Tax"))
    note = forms.CharField(label=_("Note"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    paid = forms.BooleanField(label=_("It is paid already"), required=False)
    contact = forms.IntegerField(required=False, widget=forms.HiddenInput)
    company = forms.IntegerField(required=False, widget=forms.HiddenInput)
    deal = forms.IntegerField(required=False, widget=forms.HiddenInput)
    LINE = ("name", "sku", "quantity", "price", "discount")

    def __init__(self, *args: Any, lines: Sequence[OrderLine] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._had = lines
        self.lines: list[NewLine] = []

    @staticmethod
    def of(order: Order) -> dict[str, Any]:
        """What the form begins with where an order is edited."""
        plain = ("number", "source", "coupon", "currency", "note")
        money = {name: _written(getattr(order, name)) for name in ("discount", "shipping", "tax")}
        links = {"contact": order.contact_id, "company": order.company_id, "deal": order.deal_id}
        at = {"placed_at": timezone.localtime(order.placed_at)}
        return {name: getattr(order, name) for name in plain} | money | links | at

    def typed(self) -> list[dict[str, str]]:
        """The lines as they stand in the form: what was typed, else the order's, with an empty one where there is
        none."""
        if self.is_bound:
            columns = [self.data.getlist(f"line_{name}") for name in self.LINE]  # type: ignore[attr-defined]
            rows = [dict(zip(self.LINE, row, strict=False)) for row in zip(*columns, strict=False)]
        else:
            rows = [
                {"name": x.name, "sku": x.sku, "quantity": _quantity(x.quantity), "price": _written(x.unit_price),
                 "discount": _written(x.discount)}
                for x in self._had
            ]  # fmt: skip
        return rows or [dict.fromkeys(self.LINE, "")]

    def clean(self) -> dict[str, Any]:
        for row in self.typed() if self.is_bound else ():
            if not any(row[name].strip() for name in ("name", "sku", "price")):
                continue
            try:
                self.lines.append(_line(row))
            except ValueError as problem:
                self.add_error(None, str(problem))
        return self.cleaned_data

    def clean_contact(self) -> int | None:
        return _known(self.cleaned_data.get("contact"), Contact, _("There is no such contact."))

    def clean_company(self) -> int | None:
        return _known(self.cleaned_data.get("company"), Company, _("There is no such company."))


def _known(pk: int | None, model: Any, problem: Any) -> int | None:
    if pk is not None and not model.objects.filter(pk=pk).exists():
        raise forms.ValidationError(problem)
    return pk


def _written(value: Decimal) -> str:
    return f"{value:,f}".removesuffix(".00") if value else ""


def _quantity(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _line(row: dict[str, str]) -> NewLine:
    try:
        quantity = Decimal(row["quantity"].strip().replace(",", ".") or "1")
    except InvalidOperation as error:
        raise ValueError(gettext("Write a quantity such as 2 or 1.5.")) from error
    try:
        price, discount = (parse_money(row[name]) or Decimal(0) for name in ("price", "discount"))
    except ValueError as error:
        raise ValueError(gettext("Write an amount such as 12,400.50.")) from error
    return NewLine(row["name"].strip(), row["sku"].strip(), quantity, price, discount)


class RefundForm(forms.Form):
    amount = MoneyField(
        label=_("Amount"),
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={"required": _("Say how much.")},
    )


class OrderFilterForm(forms.Form):
    """What the list of orders is narrowed to; a value that cannot be is left out."""

    q = forms.CharField(max_length=100, required=False)
    status = forms.ChoiceField(choices=OrderStatus.choices, required=False)
    source = forms.CharField(max_length=80, required=False)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    least = MoneyField(required=False, max_length=40)
    most = MoneyField(required=False, max_length=40)
    currency = forms.ChoiceField(choices=[(c, c) for c in CURRENCIES], required=False)
    contact = forms.IntegerField(required=False)
    company = forms.IntegerField(required=False)
    deal = forms.IntegerField(required=False)
