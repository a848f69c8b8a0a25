"""Installing a template of the gallery: its mails, tags, segments and the journey, all editable afterwards."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from headwater.audience import actions as audience
from headwater.audience.models import Segment
from headwater.capture.models import Form
from headwater.messaging.actions.templates import TemplateText, create_template
from headwater.people.actions.labels import ensure_tags

from ..models import Journey
from ..queries import gallery
from ..rules.duration import RuleError, delta
from .editing import create_journey


def install(
    slug: str, *, actor: str, name: str = "", choices: Mapping[str, Any] | None = None, pace: float = 1.0
) -> Journey:
    """Make a draft from a template.

    choices: what the template asks for ({"form": 3}); left out, the form whose name fits best or the template's own
    default. pace: all waits are multiplied by it (the demo lives its days in minutes). Raises RuleError.
    """
    template = gallery.templates().get(slug)
    if template is None:
        raise RuleError(_("There is no such template."), "template")
    with transaction.atomic():
        values = {f"@{c['key']}": _choice(c, (choices or {}).get(c["key"])) for c in template.get("choices", [])}
        ensure_tags([t for t in [*template.get("tags", []), *_chosen_tags(template, values)] if isinstance(t, str)])
        for segment in template.get("segments", []):
            if not Segment.objects.filter(key=segment["key"]).exists():
                audience.create_segment(
                    name=segment["name"], definition=segment["definition"], actor=actor, key=segment["key"]
                )
        for mail in template.get("mails", []):
            says = TemplateText(subject=mail["subject"], preview=mail["preview"], mjml=gallery.mjml(mail["file"]))
            made = create_template(name=mail["name"], says=says, actor=actor, purpose=mail.get("purpose", "marketing"))
            values[f"@mail:{mail['key']}"] = made.pk
        graph = _filled(copy.deepcopy(template["graph"]), values)
        if pace != 1.0:
            graph = _paced(graph, pace)
        return create_journey(
            name=name.strip() or _free_name(template["name"]),
            description=template["description"],
            graph=graph,
            gallery=slug,
            actor=actor,
        )


def _choice(choice: Mapping[str, Any], given: Any) -> Any:
    """The value of one choice. A form is one of ours, or "any"."""
    if choice["kind"] == "tag":
        return str(given or choice.get("default") or "").strip()[:60]
    if given in (None, ""):
        return suggested_form(choice.get("hint", []))
    if given == "any":
        return "any"
    found = Form.objects.filter(pk=given).values_list("pk", flat=True).first() if str(given).isdigit() else None
    if found is None:
        raise RuleError(_("There is no such form."), choice["key"])
    return found


def suggested_form(hints: list[str]) -> Any:
    """The form whose name or slug has the earliest hint; the only form there is; else "any"."""
    forms = list(Form.objects.filter(active=True).values_list("pk", "name", "slug"))
    for hint in hints:
        for pk, name, slug in forms:
            if hint in name.lower() or hint in slug:
                return pk
    return forms[0][0] if len(forms) == 1 else "any"


def _chosen_tags(template: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    return [values[f"@{c['key']}"] for c in template.get("choices", []) if c["kind"] == "tag"]


def _filled(node: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(node, dict):
        return {key: _filled(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_without_any(_filled(item, values)) for item in node]
    return values.get(node, node) if isinstance(node, str) else node


def _without_any(item: Any) -> Any:
    """A condition on a property that is to be "any" asks for its presence only."""
    if isinstance(item, dict) and "prop" in item and item.get("value") == "any":
        return {"prop": item["prop"], "op": "exists"}
    return item


def _paced(node: Any, pace: float) -> Any:
    if isinstance(node, dict):
        if set(node) == {"amount", "unit"}:
            return {"amount": max(1, round(delta(node).total_seconds() * pace)), "unit": "seconds"}
        return {key: _paced(value, pace) for key, value in node.items() if not (key == "at" and ":" in str(value))}
    return [_paced(item, pace) for item in node] if isinstance(node, list) else node


def _free_name(name: str) -> str:
    taken = set(Journey.objects.filter(name__startswith=name).values_list("name", flat=True))
    number = 2
    free = name
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free
