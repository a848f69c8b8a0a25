"""Merge tags: `{{ contact.first_name | default("there") }}`, in minijinja's sandbox.

A value that is missing and has no fallback is never sent as a hole: `render` raises MissingField with its name.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import nh3
from minijinja import Environment, TemplateError, safe

#: Instructions that one render may take: a mail of 200 lines in a loop of 100 stays well below.
FUEL = 100_000

#: What a merge tag may name. Everything below an open name is accepted (custom fields, the event that led here).
FIELDS: tuple[str, ...] = (
    "contact.id",
    "contact.first_name",
    "contact.last_name",
    "contact.name",
    "contact.email",
    "contact.phone",
    "contact.job_title",
    "contact.country",
    "contact.city",
    "contact.region",
    "contact.language",
    "contact.time_zone",
    "contact.stage",
    "contact.tags",
    "contact.birthday",
    "contact.renewal_date",
    "contact.customer_since",
    "company.name",
    "company.domain",
    "company.industry",
    "company.size",
    "company.country",
    "company.city",
    "company.website",
    "owner.name",
    "owner.first_name",
    "owner.last_name",
    "owner.email",
    "workspace.name",
    "workspace.website",
    "workspace.postal_address",
    "workspace.base_url",
    "unsubscribe_url",
    "view_url",
)
OPEN = ("contact.custom", "company.custom", "event", "form", "extra", "hw")

_MISSING = re.compile(r"`([^`]+)` is undefined")


class MissingField(Exception):
    """A merge tag without a value and without a fallback; `name` is what the template wrote."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has no value and no fallback")
        self.name = name


class TemplateProblem(Exception):
    """Something that its author must correct. `line` counts from 1 (0: unknown)."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {message}" if line else message)
        self.message = message
        self.line = line


def render(template: str, context: Mapping[str, Any], *, html: bool = False) -> str:
    """The template with the context's values; html: values are escaped.

    The context holds plain values (see `prune`). Raises MissingField, and TemplateProblem for syntax, unknown
    filters and templates that never end.
    """
    environment = _compiled(template, html)
    try:
        return environment.render_template("t.html" if html else "t.txt", **context)
    except TemplateError as error:
        raise _explain(error) from error


def tags(template: str) -> set[str]:
    """The names that a template reads, dotted: {"contact.first_name", "unsubscribe_url"}. Raises TemplateProblem."""
    environment = _compiled(template, False)
    return set(environment.undeclared_variables_in_template("t.txt", nested=True))


def unknown_tags(template: str) -> list[tuple[str, str]]:
    """Names that will never have a value: (name, the known name that was probably meant or "")."""
    out = []
    for name in sorted(tags(template)):
        is_open = any(name == o or name.startswith(o + ".") for o in OPEN)
        if is_open or name in FIELDS or any(f.startswith(name + ".") for f in FIELDS):
            continue
        close = difflib.get_close_matches(name, FIELDS, n=1, cutoff=0.6)
        out.append((name, close[0] if close else ""))
    return out


def required(template: str, context: Mapping[str, Any]) -> str | None:
    """The first name without value and fallback for this context, or None where it renders."""
    try:
        render(template, context)
    except MissingField as missing:
        return missing.name
    return None


_PLAIN = frozenset({str, int, bool, float, type(None)})


def prune(value: Any) -> Any:
    """A context made of plain values only: dates as ISO text, unknown objects as text, None and "" left out, so
    that `default` and the check for missing values see them as missing."""
    if type(value) in _PLAIN:  # nearly all of them, for every person of every mail
        return value
    if isinstance(value, Mapping):
        out = {}
        for k, v in value.items():
            plain = v if type(v) in _PLAIN else prune(v)
            if plain is not None and plain != "":
                out[str(k)] = plain
        return out
    if isinstance(value, list | tuple | set | frozenset):
        return [prune(v) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


@lru_cache(maxsize=2000)
def _compiled(template: str, html: bool) -> Environment:
    # The stubs do not know "semi_strict": conditions may ask for what is missing, output may not.
    environment: Environment = Environment(undefined_behavior="semi_strict", fuel=FUEL)  # type: ignore[call-overload]
    for name in ("safe", "format", "tojson", "urlencode_safe"):  # no way round escaping, none to huge strings
        environment.remove_filter(name)
    environment.add_filter("rich", _rich)
    environment.add_filter("date", _date)
    try:
        environment.add_template("t.html" if html else "t.txt", template)
    except TemplateError as error:
        raise _explain(error) from error
    if "autoescape" in template and re.search(r"\{%[-+]?\s*autoescape", template):
        raise TemplateProblem("values are always escaped; `autoescape` cannot be switched off")
    return environment


def _explain(error: TemplateError) -> MissingField | TemplateProblem:
    detail = str(error.detail or "")
    if error.kind == "UndefinedError":
        named = _MISSING.search(detail)
        return MissingField(_whole(named[1], error) if named else detail or "a value")
    if error.kind == "OutOfFuel":
        return TemplateProblem("this template takes too long: a loop is too large", int(error.line or 0))
    words = {"SyntaxError": "", "UnknownFilter": "unknown filter: ", "UnknownFunction": "unknown function: "}
    return TemplateProblem(words.get(str(error.kind), f"{error.kind}: ") + (detail or str(error)), int(error.line or 0))


def _whole(name: str, error: TemplateError) -> str:
    """The name as the template wrote it: `event.number`, where `event` itself is what is missing."""
    lines = str(error.template_source or "").split("\n")
    line = lines[error.line - 1] if error.line and error.line <= len(lines) else ""
    longer = re.search(rf"(?<![\w.]){re.escape(name)}(?:\.\w+)+", line)
    return longer[0] if longer else name


def _rich(value: str) -> Any:
    """Formatted text from a person's field: harmless tags stay, everything else goes."""
    return safe(nh3.clean(str(value)))


def _date(value: str, form: str = "%d %B %Y") -> str:
    """An ISO date or date-time written out; a text that is none stays as it is."""
    try:
        return datetime.fromisoformat(str(value)).strftime(form)
    except ValueError:
        return str(value)
