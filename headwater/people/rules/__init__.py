"""Pure decisions about people: addresses, names, fields, words to search. Free of Django."""

from __future__ import annotations

from .fields import (
    CONSENT_CHANNELS,
    CONSENT_STATES,
    STAGES,
    Invalid,
    clean_company,
    clean_fields,
    clean_tags,
    normalise_email,
    normalise_phone,
    show_phone,
)
from .names import company_domain, full_name, initials, same_name, split_name
from .places import countries, country_code, country_name, language_name, languages
from .search import Query, grams, parse, searchable

__all__ = [
    "CONSENT_CHANNELS",
    "CONSENT_STATES",
    "STAGES",
    "Invalid",
    "Query",
    "clean_company",
    "clean_fields",
    "clean_tags",
    "company_domain",
    "countries",
    "country_code",
    "country_name",
    "full_name",
    "grams",
    "initials",
    "language_name",
    "languages",
    "normalise_email",
    "normalise_phone",
    "parse",
    "same_name",
    "searchable",
    "show_phone",
    "split_name",
]
