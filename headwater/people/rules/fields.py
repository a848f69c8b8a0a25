"""What a contact's and a company's fields may hold. Every problem is said beside its field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

import email_validator
import phonenumbers

from headwater.core.facts import _

from . import places

STAGES = ("visitor", "lead", "mql", "sql", "opportunity", "customer", "evangelist", "former")
CONSENT_CHANNELS = ("email", "sms", "whatsapp", "push", "phone", "post")
CONSENT_STATES = ("granted", "withdrawn", "pending")
COMPANY_ROLES = ("customer", "prospect", "supplier", "vendor", "distributor", "partner")

TEXT = {"first_name": 120, "last_name": 120, "name": 250, "job_title": 160, "city": 120, "region": 120, "gender": 20}
COMPANY_TEXT = {"name": 200, "industry": 80, "size": 20, "city": 120, "website": 200}


class Invalid(ValueError):
    """Bad input: `errors` maps each field to what is wrong with it (English, marked for translation)."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__("; ".join(f"{field}: {text}" for field, text in self.errors.items()))


def normalise_email(text: str) -> str:
    """An address as it is kept and compared: trimmed, lower case, domain in Unicode. Raises Invalid on "email"."""
    text = text.strip().removeprefix("mailto:")
    if not text:
        raise Invalid({"email": _("Enter an e-mail address.")})
    try:
        found = email_validator.validate_email(text, check_deliverability=False, test_environment=True)
    except email_validator.EmailNotValidError as error:
        if "@" not in text:
            raise Invalid({"email": _("An e-mail address needs an @ sign.")}) from error
        raise Invalid({"email": str(error)}) from error
    normal = found.normalized.lower()
    if len(normal) > 254:
        raise Invalid({"email": _("This e-mail address is too long.")})
    return normal


def normalise_phone(text: str, country: str = "") -> str:
    """A telephone number as +491701234567. Without a leading + the country says which one it is."""
    text = text.strip()
    if not text:
        return ""
    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE and not text.startswith("+"):
            problem = _("Write the number with its country code, such as +49 30 123456.")
        else:
            problem = _("This is not a telephone number.")
        raise Invalid({"phone": problem}) from error
    if not phonenumbers.is_possible_number(number):
        raise Invalid({"phone": _("This telephone number has too few or too many digits.")})
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def show_phone(number: str) -> str:
    """A number as it is kept, as people write it: +1 415-555-0132."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return number


def clean_fields(given: Mapping[str, Any], *, country: str = "") -> dict[str, Any]:
    """A contact's fields, checked and in the form in which they are kept. Raises Invalid with all problems.

    country: the contact's present one, for telephone numbers written without a country code.
    """
    out: dict[str, Any] = {}
    errors: dict[str, str] = {}
    country = str(given.get("country") or country)
    for field, value in given.items():
        try:
            out[field] = _contact_field(field, value, country)
        except Invalid as problem:
            errors[field] = next(iter(problem.errors.values()))
    if errors:
        raise Invalid(errors)
    return out


def clean_company(given: Mapping[str, Any]) -> dict[str, Any]:
    """A company's fields, checked. Raises Invalid with all problems."""
    out: dict[str, Any] = {}
    errors: dict[str, str] = {}
    country = str(given.get("country") or "")
    for field, value in given.items():
        try:
            out[field] = _company_field(field, value, country)
        except Invalid as problem:
            errors[field] = next(iter(problem.errors.values()))
    if "name" in out and not out["name"]:
        errors["name"] = _("A company needs a name.")
    if errors:
        raise Invalid(errors)
    return out


def clean_tags(given: Iterable[str]) -> list[str]:
    """Tags without doubles, in the order given. Raises Invalid on "tags"."""
    out: list[str] = []
    for tag in given:
        tag = " ".join(str(tag).replace("\0", "").split())
        if len(tag) > 60:
            raise Invalid({"tags": _("A tag may have 60 characters.")})
        if tag and tag not in out:
            out.append(tag)
    return out


def _contact_field(field: str, value: Any, country: str) -> Any:
    if field in TEXT:
        return _text(value, TEXT[field])
    cleaner = _CONTACT.get(field)
    if cleaner is None:
        raise Invalid({field: _("There is no such field.")})
    return normalise_phone(_text(value, 60), country) if field == "phone" else cleaner(value)


def _company_field(field: str, value: Any, country: str) -> Any:
    if field in COMPANY_TEXT:
        return _text(value, COMPANY_TEXT[field])
    cleaner = _COMPANY.get(field)
    if cleaner is None:
        raise Invalid({field: _("There is no such field.")})
    return normalise_phone(_text(value, 60), country) if field == "phone" else cleaner(value)


def _text(value: Any, most: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, (str, int, float)):
        raise Invalid({"": _("This must be text.")})
    text = " ".join(str(value).replace("\x00", "").split())
    if len(text) > most:
        raise Invalid({"": _("This text is too long.")})
    return text


def _email(value: Any) -> str:
    text = _text(value, 400)
    return normalise_email(text) if text else ""


def _country(value: Any) -> str:
    text = _text(value, 80)
    code = places.country_code(text)
    if text and not code:
        raise Invalid({"": _("Use the two-letter code of the country, such as DE, or its name.")})
    return code


def _language(value: Any) -> str:
    text = _text(value, 40).replace("_", "-").lower()
    if text and not re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,6})?", text):
        raise Invalid({"": _("Use a language code, such as en or zh-hans.")})
    return text


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


def _time_zone(value: Any) -> str:
    text = _text(value, 100).replace(" ", "_")
    found = _zones().get(text.lower(), "") if text else ""
    if text and not found:
        raise Invalid({"": _("Use the name of a time zone, such as Europe/Berlin.")})
    return found


def _date(value: Any) -> date | None:
    if value in (None, ""):
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip()[:10])
    except ValueError as error:
        raise Invalid({"": _("Write the date as year-month-day, such as 2026-11-30.")}) from error


def _stage(value: Any) -> str:
    if value not in STAGES:
        raise Invalid({"": _("There is no such lifecycle stage.")})
    return str(value)


def _id(value: Any) -> int | None:
    if value in (None, ""):
        return None
    try:
        number = int(value)
    except (TypeError, ValueError) as error:
        raise Invalid({"": _("This must be a number.")}) from error
    if not 0 < number < 2**63:
        raise Invalid({"": _("There is no such record.")})
    return number


def _tags(value: Any) -> list[str]:
    return clean_tags(value.split(",") if isinstance(value, str) else value or [])


def _custom(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Invalid({"": _("This must be an object of names and values.")})
    return {str(k)[:80]: v for k, v in value.items()}


def _domain(value: Any) -> str:
    text = _text(value, 300).lower().removeprefix("https://").removeprefix("http://").removeprefix("www.")
    text = text.partition("/")[0].partition("@")[2] or text.partition("/")[0]
    if text and ("." not in text or not re.fullmatch(r"[^\s.]+(\.[^\s.]+)+", text) or len(text) > 200):
        raise Invalid({"": _("Write the domain as in northwind.example.")})
    return text


def _roles(value: Any) -> list[str]:
    roles = _tags(value)
    if any(role not in COMPANY_ROLES for role in roles):
        raise Invalid({"": _("There is no such role.")})
    return roles


_CONTACT: dict[str, Callable[[Any], Any]] = {
    "email": _email,
    "phone": str,
    "country": _country,
    "language": _language,
    "time_zone": _time_zone,
    "birthday": _date,
    "renewal_date": _date,
    "customer_since": _date,
    "stage": _stage,
    "owner_id": _id,
    "company_id": _id,
    "company": lambda value: _text(value, 200),
    "tags": _tags,
    "custom": _custom,
}
_COMPANY: dict[str, Callable[[Any], Any]] = {
    "domain": _domain,
    "country": _country,
    "phone": str,
    "roles": _roles,
    "owner_id": _id,
    "custom": _custom,
}
#: Every field that `clean_fields` knows.
CONTACT_FIELDS = (*TEXT, *_CONTACT)
COMPANY_FIELDS = (*COMPANY_TEXT, *_COMPANY)
