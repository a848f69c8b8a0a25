"""What a condition says as one phrase: "Country is “KR”". Whole phrases are translated, not the words between a field
and a value, for other languages put the value before its operator."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _


def said(what: str, op: str, value: str = "") -> str:
    """A phrase of what is asked (a field, a sum, a score), an operator and a value in words."""
    return _phrases().get(op, f"%(what)s {op} %(value)s") % {"what": what, "value": value}


def between(what: str, low: Any, high: Any) -> str:
    return _("%(what)s is between %(low)s and %(high)s") % {"what": what, "low": low, "high": high}


def _phrases() -> dict[str, str]:
    return {
        "eq": _("%(what)s is %(value)s"),
        "ne": _("%(what)s is not %(value)s"),
        "in": _("%(what)s is one of %(value)s"),
        "not_in": _("%(what)s is none of %(value)s"),
        "contains": _("%(what)s contains %(value)s"),
        "not_contains": _("%(what)s does not contain %(value)s"),
        "starts_with": _("%(what)s starts with %(value)s"),
        "not_starts_with": _("%(what)s does not start with %(value)s"),
        "ends_with": _("%(what)s ends with %(value)s"),
        "not_ends_with": _("%(what)s does not end with %(value)s"),
        "matches": _("%(what)s matches %(value)s"),
        "not_matches": _("%(what)s does not match %(value)s"),
        "empty": _("%(what)s is empty"),
        "not_empty": _("%(what)s is known"),
        "gt": _("%(what)s is more than %(value)s"),
        "gte": _("%(what)s is at least %(value)s"),
        "lt": _("%(what)s is less than %(value)s"),
        "lte": _("%(what)s is at most %(value)s"),
        "before": _("%(what)s is before %(value)s"),
        "after": _("%(what)s is after %(value)s"),
        "within": _("%(what)s was in the last %(value)s"),
        "older_than": _("%(what)s is longer ago than %(value)s"),
        "within_next": _("%(what)s is in the next %(value)s"),
        "anniversary": _("%(what)s returns (yearly) within %(value)s"),
        "has": _("%(what)s has %(value)s"),
        "has_not": _("%(what)s has not %(value)s"),
        "has_any": _("%(what)s has one of %(value)s"),
        "has_all": _("%(what)s has all of %(value)s"),
    }


def measured(name: str, what: str) -> str:
    """counts.MEASURES of something: "the sum of Total"."""
    return {
        "sum": _("the sum of %(what)s"),
        "avg": _("the average of %(what)s"),
        "min": _("the least %(what)s"),
        "max": _("the greatest %(what)s"),
    }[name] % {"what": what}
