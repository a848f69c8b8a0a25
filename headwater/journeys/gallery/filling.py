"""From a template's graph to a journey's: what was asked, mails and segments in their places."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from headwater.core import clock

from .base import Ask, Template

#: A day that was asked for can be meant so many days before or after
AROUND = range(-7, 8)


def defaults(template: Template) -> dict[str, Any]:
    """What is asked, answered by default: key -> value, for a look at the template."""
    return {ask.key: ("any" if ask.kind == "form" else default(ask)) for ask in template.asks}


def default(ask: Ask) -> str:
    """The default of what is asked, as a form's field has it. A form has none here."""
    if ask.kind == "date":
        return (clock.now().date() + timedelta(days=int(ask.default or 0))).isoformat()
    return str(ask.default)


def address(page: str) -> str:
    """The address of a page as a mail links to it: one of the own web site where it has no host."""
    if not page.startswith("/"):
        return page
    return "{{ workspace.website }}" + ("" if page == "/" else page)


def filled(node: Any, values: Mapping[str, Any]) -> Any:
    """A copy in which "@form" and its like stand for their values ({"form": 3}). A condition on a property that is to
    be "any" asks for its presence only."""
    if isinstance(node, Mapping):
        return {key: filled(value, values) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [_without_any(filled(item, values)) for item in node]
    return values.get(node[1:], node) if isinstance(node, str) and node.startswith("@") else node


def _without_any(item: Any) -> Any:
    if isinstance(item, dict) and "prop" in item and item.get("value") == "any":
        return {"prop": item["prop"], "op": "exists"}
    return item


def around(key: str, day: str) -> dict[str, str]:
    """A day and those around it: {"day": "2026-12-06", "day-1": "2026-12-05", ...}. Raises ValueError."""
    found = date.fromisoformat(day)
    return {key: day} | {f"{key}{n:+d}": (found + timedelta(days=n)).isoformat() for n in AROUND if n}
