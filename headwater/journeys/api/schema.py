"""The JSON Schema of a journey's graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest

from ..engine import rulebook
from ..engine.base import STEPS
from ..engine.checking import REENTRY
from ..engine.fields import Field, condition_schema
from ..rules.duration import UNITS
from .doors import router

TARGET = {"type": ["string", "null"]}


def _object(label: Any, kind: str, fields: Sequence[Field]) -> dict[str, Any]:
    return {
        "title": str(label),
        "type": "object",
        "additionalProperties": False,
        "properties": {"kind": {"const": kind}} | {f.name: {"title": str(f.label), **f.schema()} for f in fields},
        "required": ["kind", *(f.name for f in fields if f.required)],
    }


def _step(kind: str) -> dict[str, Any]:
    cls = STEPS[kind]
    settings = {
        "type": "object",
        "additionalProperties": False,
        "properties": {f.name: {"title": str(f.label), **f.schema()} for f in cls.fields},
        "required": [f.name for f in cls.fields if f.required],
    }
    return {
        "title": str(cls.label),
        "type": "object",
        "required": ["kind"],
        "properties": {
            "kind": {"const": kind},
            "title": {"type": "string", "maxLength": 80},
            "settings": settings,
            "next": TARGET,
            "arms": {"type": "object", "additionalProperties": TARGET},
        },
    }


@router.get("/schemas/journey")
def journey_schema(request: HttpRequest) -> dict[str, Any]:
    """The JSON Schema of a journey's graph: the one source for editor, API and engine."""
    rule = {"oneOf": [_object(k.label, k.kind, k.fields) for k in rulebook.KINDS.values()]}
    steps = [_step(kind) for kind in sorted(STEPS)]
    after = {"type": "object", "properties": {"amount": {"type": "number"}, "unit": {"enum": list(UNITS)}}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Journey",
        "type": "object",
        "required": ["start", "steps"],
        "properties": {
            "entry": {"type": "array", "items": rule},
            "reentry": {"type": "object", "properties": {"rule": {"enum": list(REENTRY)}, "after": after}},
            "goal": {"anyOf": [rule, {"type": "null"}]},
            "exits": {"type": "array", "items": rule},
            "start": TARGET,
            "steps": {"type": "object", "additionalProperties": {"oneOf": steps}},
        },
        "$defs": {"condition": condition_schema()},
    }
