"""Fields as a page shows and edits them: one at a time in place, or together in a dialog."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import User

from . import rules
from .models import Company, Contact, Stage, Tag
from .rules.fields import COMPANY_ROLES, CONSENT_STATES

#: Colours of the lifecycle stages
STAGE_HUES = {"lead": 235, "mql": 300, "sql": 265, "opportunity": 60, "customer": 150, "evangelist": 345}
CHANNELS = {
    "email": _("Email"), "sms": _("SMS"), "whatsapp": "WhatsApp", "push": _("Push"), "phone": _("Phone"),
    "post": _("Post"),
}  # fmt: skip
CONSENT_LABELS = {"granted": _("Subscribed"), "withdrawn": _("Unsubscribed"), "pending": _("Not confirmed yet")}
CONSENT_HUES = {"granted": 150, "withdrawn": 25, "pending": 60}
assert set(CONSENT_LABELS) == set(CONSENT_STATES)
ROLE_LABELS = {
    "customer": _("Customer"), "prospect": _("Prospect"), "supplier": _("Supplier"), "vendor": _("Vendor"),
    "distributor": _("Distributor"), "partner": _("Partner"),
}  # fmt: skip
assert set(ROLE_LABELS) == set(COMPANY_ROLES)
Choices = Callable[[], Sequence[tuple[str, Any]]]


@dataclass(frozen=True)
class Prop:
    """A property line. `kind`: how it is edited (text, email, tel, date, select, tags)."""

    name: str  # as rules.clean_fields takes it
    label: Any
    icon: str
    kind: str = "text"
    choices: Choices | None = None
    more: bool = False  # below "More"


def _users() -> list[tuple[str, Any]]:
    users = User.objects.filter(is_active=True).order_by("first_name", "last_name", "email")
    return [("", _("Nobody")), *((str(u.pk), u.name) for u in users)]


def _stages() -> list[tuple[str, Any]]:
    return [(value, label) for value, label in Stage.choices if value != Stage.VISITOR]


def _languages() -> list[tuple[str, Any]]:
    return [("", "–"), *rules.languages(get_language() or "en").items()]


def _countries() -> list[tuple[str, Any]]:
    return [("", "–"), *rules.countries(get_language() or "en").items()]


CONTACT_PROPS = {
    p.name: p
    for p in (
        Prop("email", _("Email"), "at-sign", "email"),
        Prop("phone", _("Phone"), "phone", "tel"),
        Prop("job_title", _("Job title"), "briefcase"),
        Prop("company", _("Company"), "building-2"),
        Prop("city", _("City"), "map-pin"),
        Prop("country", _("Country"), "globe", "select", _countries),
        Prop("stage", _("Lifecycle"), "circle-dot", "select", _stages),
        Prop("owner_id", _("Owner"), "user-round", "select", _users),
        Prop("tags", _("Tags"), "tag", "tags"),
        Prop("name", _("Name"), "user", more=True),
        Prop("region", _("Region"), "map", more=True),
        Prop("language", _("Language"), "languages", "select", _languages, more=True),
        Prop("time_zone", _("Time zone"), "clock", more=True),
        Prop("birthday", _("Birthday"), "cake", "date", more=True),
        Prop("gender", _("Gender"), "person-standing", more=True),
        Prop("customer_since", _("Customer since"), "calendar-check", "date", more=True),
        Prop("renewal_date", _("Renewal"), "calendar-clock", "date", more=True),
    )
}
COMPANY_PROPS = {
    p.name: p
    for p in (
        Prop("name", _("Name"), "building-2"),
        Prop("domain", _("Domain"), "globe"),
        Prop("website", _("Website"), "link"),
        Prop("phone", _("Phone"), "phone", "tel"),
        Prop("industry", _("Industry"), "factory"),
        Prop("size", _("Size"), "users"),
        Prop("city", _("City"), "map-pin"),
        Prop("country", _("Country"), "earth", "select", _countries),
        Prop("owner_id", _("Owner"), "user-round", "select", _users),
        Prop("roles", _("Roles"), "tags", "tags"),
    )
}
FIELD_LABELS: dict[str, Any] = {
    **{name: prop.label for name, prop in COMPANY_PROPS.items()},
    **{name: prop.label for name, prop in CONTACT_PROPS.items()},
    "first_name": _("First name"), "last_name": _("Last name"), "company_id": _("Company"),
    "other_email": _("Other e-mail"),
}  # fmt: skip


@dataclass(frozen=True)
class PropView:
    """A property of one record, ready for people/field.html."""

    prop: Prop
    url: str
    record: Contact | Company
    value: str  # as the editor shows it
    chips: Sequence[tuple[str, int | str]] = ()
    error: str = ""
    editing: bool = False

    @property
    def words(self) -> str:
        return gettext("Edit %(name)s") % {"name": self.prop.label}

    @property
    def alone(self) -> list[PropView]:
        """As rows/props.html takes it."""
        return [self]

    @property
    def options(self) -> Sequence[tuple[str, Any]]:
        """What the editor offers, the present value among it."""
        found = self.prop.choices() if self.prop.choices else ()
        return found if any(value == self.value for value, _label in found) else [*found, (self.value, self.shown)]

    @property
    def shown(self) -> str:
        """The value as people read it: codes by their names."""
        name = {"country": rules.country_name, "language": rules.language_name}.get(self.prop.name)
        return name(self.value, get_language() or "en") if name and self.value else self.value

    @property
    def suggestions(self) -> Sequence[str]:
        if self.prop.name == "tags":
            return list(Tag.objects.order_by("name").values_list("name", flat=True)[:100])
        return list(COMPANY_ROLES) if self.prop.name == "roles" else ()


def prop_views(record: Contact | Company, tag_hues: Mapping[str, int], base: str) -> list[PropView]:
    """All properties of a record, in their order. base: "/people/12/"."""
    props = CONTACT_PROPS if isinstance(record, Contact) else COMPANY_PROPS
    return [prop_view(record, name, tag_hues, base) for name in props]


def prop_view(
    record: Contact | Company, name: str, tag_hues: Mapping[str, int], base: str, *, editing: bool = False
) -> PropView:
    """One property of a record."""
    prop = (CONTACT_PROPS if isinstance(record, Contact) else COMPANY_PROPS)[name]
    raw = getattr(record, name)
    chips: list[tuple[str, int | str]] = []
    if name == "company":
        value = raw.name if raw else ""
    elif name in ("tags", "roles"):
        value = ", ".join(raw)
        chips = [(str(ROLE_LABELS[t]) if name == "roles" else t, tag_hues.get(t, 235)) for t in raw]
    elif name == "stage":
        value, chips = raw, [(record.get_stage_display(), STAGE_HUES.get(raw, ""))]  # type: ignore[union-attr]
    elif name == "phone":
        value = rules.show_phone(raw) if raw else ""
    else:
        value = "" if raw is None else str(raw)
    return PropView(prop, f"{base}field/{name}/", record, value, chips, editing=editing)


class PersonForm(forms.Form):
    """A new person. What is wrong with a value is said by rules.clean_fields, through the action."""

    name = forms.CharField(label=_("Name"), max_length=250, required=False)
    email = forms.CharField(label=_("Email"), max_length=254, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=60, required=False)
    company = forms.CharField(label=_("Company"), max_length=200, required=False)
    job_title = forms.CharField(label=_("Job title"), max_length=160, required=False)

    def refuse(self, errors: Mapping[str, str]) -> None:
        """Show what the action refused."""
        for name, text in errors.items():
            self.add_error(name if name in self.fields else None, gettext(text))


class CompanyForm(PersonForm):
    """A new company."""

    email = None  # type: ignore[assignment]
    job_title = None  # type: ignore[assignment]
    company = None  # type: ignore[assignment]
    name = forms.CharField(label=_("Name"), max_length=200)
    domain = forms.CharField(label=_("Domain"), max_length=200, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=60, required=False)
    industry = forms.CharField(label=_("Industry"), max_length=80, required=False)
    field_order = ["name", "domain", "industry", "phone"]
