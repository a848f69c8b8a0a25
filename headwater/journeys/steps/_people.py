"""What several steps need to know about their people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headwater.content import queries as content
from headwater.content.rules import MissingField, TemplateProblem, render

from ..engine.base import Traveller


def written(template: str, people: Sequence[Traveller]) -> dict[int, str]:
    """person_id -> the text with her merge tags filled ("Call {{ contact.name }}"). A text that cannot be filled for
    somebody stays without the tag's value rather than keep her from going on."""
    if "{" not in template:
        return {t.person_id: template for t in people}
    contexts = content.contexts([t.person_id for t in people])
    return {t.person_id: _filled(template, contexts.get(t.person_id, {})) for t in people}


def _filled(template: str, context: Mapping[str, Any]) -> str:
    try:
        return render(template, context).strip()
    except (MissingField, TemplateProblem):
        return template.split("{")[0].strip() or template
