"""What a form may ask, and whether an answer will do. Free of Django; messages are English, marked for translation."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from headwater.core.facts import _
from headwater.people.rules import Invalid as BadContact
from headwater.people.rules import country_code, normalise_email, normalise_phone

TYPES: Final = {
    "text": _("Text"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "textarea": _("Long text"),
    "select": _("Choice"),
    "checkbox": _("Tick box"),
    "hidden": _("Hidden value"),
}
#: Where an answer goes on the contact; "" keeps it with the submission only.
MAPS: Final = {
    "": _("Only with the submission"),
    "email": _("E-mail"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "name": _("Full name"),
    "phone": _("Phone"),
    "company": _("Company"),
    "job_title": _("Job title"),
    "country": _("Country"),
    "city": _("City"),
    "language": _("Language"),
}
KEY = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
#: Names that the page itself sends along
OWN = frozenset({"hw_token", "hw_url", "hw_visitor", "hw_consent", "hw_consent_sms", "website_address", "embed"})
MAX_FIELDS = 30
MAX_TEXT = {"textarea": 5000}


class Invalid(ValueError):
    """Bad input: `errors` maps each field to what is wrong with it."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__("; ".join(f"{k}: {v}" for k, v in self.errors.items()))


def clean_fields(fields: Any, say: Callable[[str], str] = str) -> list[dict[str, Any]]:
    """A form's fields as they are kept. Raises Invalid on "fields", naming the field that is wrong. say: translates."""
    if not isinstance(fields, list) or not fields:
        raise Invalid({"fields": _("A form needs at least one field.")})
    if len(fields) > MAX_FIELDS:
        raise Invalid({"fields": _("A form may have 30 fields.")})
    out: list[dict[str, Any]] = []
    for given in fields:
        out.append(_field(given, {f["key"] for f in out}, say))
    emails = [f for f in out if f["maps_to"] == "email"]
    if len(emails) != 1 or not emails[0]["required"] or emails[0]["type"] != "email":
        raise Invalid(
            {"fields": _("A form needs one required field of type e-mail that goes to the contact's e-mail.")}
        )
    return out


def _field(given: Any, taken: set[str], say: Callable[[str], str]) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Invalid({"fields": _("Each field is an object with label and type.")})
    label = _text(given.get("label"), 160)
    kind = given.get("type", "text")
    if not label:
        raise Invalid({"fields": _("Each field needs a label.")})
    if not isinstance(kind, str) or kind not in TYPES:
        raise Invalid(
            {"fields": say(_("%(label)s: there is no field type %(kind)s.")) % {"label": label, "kind": kind}}
        )
    key = str(given.get("key") or slug(label, taken))
    if not KEY.match(key) or key in OWN or key.startswith("utm_"):
        raise Invalid({"fields": say(_("%(label)s: the name %(key)s cannot be used.")) % {"label": label, "key": key}})
    if key in taken:
        raise Invalid({"fields": say(_("%(label)s: two fields have the name %(key)s.")) % {"label": label, "key": key}})
    maps_to = str(given.get("maps_to", ""))
    if maps_to not in MAPS:
        raise Invalid(
            {"fields": say(_("%(label)s: a contact has no field %(field)s.")) % {"label": label, "field": maps_to}}
        )
    listed = given.get("options") or []
    if not isinstance(listed, (list, tuple)):
        raise Invalid({"fields": say(_("%(label)s: options are a list.")) % {"label": label}})
    options = [o for o in (_text(o, 120) for o in listed) if o]
    if kind == "select" and not options:
        raise Invalid({"fields": say(_("%(label)s: a choice needs options.")) % {"label": label}})
    return {
        "key": key,
        "label": label,
        "type": kind,
        "required": bool(given.get("required")) and kind != "hidden",
        "maps_to": maps_to,
        "options": options[:100],
        "placeholder": _text(given.get("placeholder"), 160),
        "value": _text(given.get("value"), 500),
    }


def _text(given: Any, longest: int) -> str:
    """One line of text, as it can be kept."""
    text = "" if given is None else str(given).replace("\0", "")
    return " ".join(text.split())[:longest]


def slug(label: str, taken: set[str]) -> str:
    """A field's name from its label; labels in other scripts get a number."""
    base = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:30]
    base = base if base[:1].isalpha() else "field"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name


def clean_answers(fields: Sequence[Mapping[str, Any]], given: Mapping[str, Any], country: str = "") -> dict[str, Any]:
    """The answers, checked: key -> text (bool for a tick box). country: of numbers without a country code. Raises
    Invalid with every problem beside its field."""
    out: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in fields:
        try:
            value = _answer(field, given.get(field["key"], ""), country)
        except BadContact as problem:
            errors[field["key"]] = next(iter(problem.errors.values()))
        except ValueError as problem:
            errors[field["key"]] = str(problem)
        else:
            if value not in ("", False) or field["type"] == "checkbox":
                out[field["key"]] = value
    if errors:
        raise Invalid(errors)
    return out


def _answer(field: Mapping[str, Any], given: Any, country: str) -> Any:
    kind = field["type"]
    if kind == "checkbox":
        ticked = given is True or str(given).lower() in ("on", "true", "1", "yes")
        if field["required"] and not ticked:
            raise ValueError(_("Please tick this box."))
        return ticked
    text = str(given if given is not None else "").replace("\0", "").strip()
    if kind == "hidden":
        return (text or field["value"])[:500]
    if not text:
        if field["required"]:
            raise ValueError(_("Please fill in this field."))
        return ""
    if len(text) > MAX_TEXT.get(kind, 500):
        raise ValueError(_("This is too long."))
    if kind == "email":
        return normalise_email(text)
    if kind == "phone":
        return normalise_phone(text, country)
    if kind == "select" and text not in field["options"]:
        raise ValueError(_("Please choose one of the options."))
    return text


def contact_fields(fields: Sequence[Mapping[str, Any]], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that go to the contact, by the contact's field names."""
    pairs = [(f["maps_to"], answers.get(f["key"])) for f in fields if f["maps_to"]]
    return {name: value for name, value in pairs if value not in (None, "", False)}


def number_field(fields: Sequence[Mapping[str, Any]]) -> str:
    """The key of the field whose number texts go to; "" where the form asks for none."""
    return next((f["key"] for f in fields if f["type"] == "phone" and f["maps_to"] == "phone"), "")


def country_asked(fields: Sequence[Mapping[str, Any]], given: Mapping[str, Any]) -> str:
    """The country that she names in the form itself, as its two letters; "" where she does not."""
    keys = [f["key"] for f in fields if f["maps_to"] == "country"]
    return next((code for key in keys if (code := country_code(str(given.get(key) or "").strip()))), "")
