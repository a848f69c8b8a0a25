"""The fields that conditions may ask for: a whitelist of names with type, column and choices."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from headwater.people import rules as people
from headwater.people.models import Stage


@dataclass(frozen=True)
class Field:
    """type: one of TYPES, or custom (whose type the operator tells, or the condition's "as"). `column`: trusted SQL."""

    name: str
    label: Any
    type: str
    column: str
    company: bool = False
    choices: Callable[[], list[tuple[str, Any]]] | None = None
    #: JSON key of contact.custom or company.custom
    custom: str = ""
    #: "upper" or "lower" where values are codes that are always stored in one case
    fold: str = ""
    #: Names of values that are codes: what is kept is the code, what people read and type is the name
    names: str = ""


#: What a value can be. "as" of a condition names one of these for a custom field.
TYPES = ("text", "choice", "number", "money", "date", "datetime", "boolean", "choices", "url", "email", "phone", "user")
FIELDS: dict[str, Field] = {}


def _add(
    name: str,
    label: Any,
    type: str,
    choices: Callable[[], list[tuple[str, Any]]] | None = None,
    fold: str = "",
    names: str = "",
) -> None:
    table, _dot, column = name.partition(".")
    alias = "co" if table == "company" else "c"
    sql = f"{alias}.{column}"
    if column.startswith("origin."):
        sql = f"{alias}.origin ->> '{column[7:]}'"
    elif type == "user":
        sql = f"{alias}.owner_id"
    FIELDS[name] = Field(name, label, type, sql, table == "company", choices, fold=fold, names=names)


#: What `Field.names` may name: code and name in the reader's language, by name
NAMES: dict[str, Callable[[str], dict[str, str]]] = {"countries": people.countries, "languages": people.languages}


def names_of(found: Field) -> dict[str, str]:
    """Names of a field's codes in the language that is active; empty where its values are no codes."""
    return NAMES[found.names](get_language() or "en") if found.names else {}


def _roles() -> list[tuple[str, Any]]:
    return [("customer", _("Customer")), ("prospect", _("Prospect")), ("supplier", _("Supplier")),
            ("vendor", _("Vendor")), ("distributor", _("Distributor")), ("partner", _("Partner"))]  # fmt: skip


_add(
    "contact.stage",
    _("Lifecycle stage"),
    "choice",
    lambda: [(v, n) for v, n in Stage.choices if v != "visitor"],
    "lower",
)
_add("contact.owner", _("Owner"), "user")
_add("contact.country", _("Country"), "text", fold="upper", names="countries")
_add("contact.city", _("City"), "text")
_add("contact.region", _("Region"), "text")
_add("contact.language", _("Language"), "text", names="languages")
_add("contact.time_zone", _("Time zone"), "text")
_add("contact.job_title", _("Job title"), "text")
_add("contact.name", _("Name"), "text")
_add("contact.first_name", _("First name"), "text")
_add("contact.last_name", _("Last name"), "text")
_add("contact.email", _("Email"), "text")
_add("contact.phone", _("Phone"), "text")
_add("contact.gender", _("Gender"), "text")
_add("contact.birthday", _("Birthday"), "date")
_add("contact.renewal_date", _("Renewal date"), "date")
_add("contact.customer_since", _("Customer since"), "date")
_add("contact.created_at", _("Created"), "datetime")
_add("contact.stage_at", _("Stage changed"), "datetime")
_add("contact.origin.source", _("First touch: source"), "text")
_add("contact.origin.medium", _("First touch: medium"), "text")
_add("contact.origin.campaign", _("First touch: campaign"), "text")
_add("company.name", _("Company"), "text")
_add("company.domain", _("Company domain"), "text")
_add("company.industry", _("Industry"), "text")
_add("company.size", _("Company size"), "text")
_add("company.country", _("Company country"), "text", fold="upper", names="countries")
_add("company.city", _("Company city"), "text")
_add("company.roles", _("Company roles"), "choices", _roles)
_add("company.owner", _("Company owner"), "user")
_add("company.created_at", _("Company created"), "datetime")

_CUSTOM = re.compile(r"(contact|company)\.(?:custom\.)?([a-z][a-z0-9_]{0,62})")


def field(name: Any) -> Field:
    """The field of this name. A name that is not a standard field is a custom one ("contact.custom.plan", in short
    "contact.plan"). Raises ValueError with a suggestion where the name looks like a slip of a standard one."""
    if not isinstance(name, str):
        raise ValueError('must be the name of a field, such as "contact.country"')
    if name in FIELDS:
        return FIELDS[name]
    found = _CUSTOM.fullmatch(name)
    if found is None:
        raise ValueError(f"unknown field {name!r}")
    if ".custom." not in name:
        close = difflib.get_close_matches(name, FIELDS, 1, 0.85)
        if close:
            raise ValueError(f"unknown field {name!r}; did you mean {close[0]!r}?")
    table, key = found[1], found[2]
    alias = "co" if table == "company" else "c"
    return Field(f"{table}.{key}", key.replace("_", " "), "custom", f"{alias}.custom", table == "company", None, key)
