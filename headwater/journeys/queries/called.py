"""What the records are called that steps are about: a step that sends a mail goes by the mail's name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from headwater.audience.models import Segment
from headwater.messaging.models import MailTemplate
from headwater.sales.models import PipelineStage

from ..engine.base import STEPS
from ..engine.fields import CONTACT_FIELDS, Reference
from ..models import Journey

#: Records by which a step may be called, as the first of its fields names them
_MODELS: dict[str, Any] = {
    "templates": MailTemplate,
    "texts": MailTemplate,
    "pushes": MailTemplate,
    "segments": Segment,
    "stages": PipelineStage,
    "journeys": Journey,
}
Names = Mapping[tuple[str, int], str]


def record_of(step: Mapping[str, Any]) -> tuple[str, int] | None:
    """The record that a step is about (its mail, its segment), where it has no name of its own."""
    kind, settings = STEPS.get(str(step.get("kind"))), step.get("settings") or {}
    first = kind.fields[0] if kind and kind.fields else None
    if not isinstance(first, Reference) or first.source not in _MODELS or step.get("title"):
        return None
    pk = settings.get(first.name)
    return (str(first.source), pk) if isinstance(pk, int) and not isinstance(pk, bool) else None


def called(steps: Mapping[str, Any]) -> Names:
    """What the records are called that these steps are about, in one query for each sort of record."""
    wanted: dict[str, set[int]] = {}
    for source, pk in filter(None, (record_of(step) for step in steps.values() if isinstance(step, Mapping))):
        wanted.setdefault(source, set()).add(pk)
    rows = {s: _MODELS[s]._default_manager.filter(pk__in=pks).values_list("pk", "name") for s, pks in wanted.items()}
    return {(source, pk): name for source, found in rows.items() for pk, name in found}


_TAG = re.compile(r"\{\{-?\s*([\w.]+)[^{}]*\}\}")


def without_tags(text: str) -> str:
    """A text of a step as it is read on a box: what is filled in for each person stands there by its name,
    "Call {{ contact.name }}" as "Call ‹Name›"."""

    def name(found: re.Match[str]) -> str:
        word = found[1].rpartition(".")[2]
        label = _("Name") if word == "name" else CONTACT_FIELDS.get(word) or word.replace("_", " ")
        return f"‹{label}›"

    return _TAG.sub(name, text)
