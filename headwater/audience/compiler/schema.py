"""The JSON Schema of a condition, made of what the leaf types say of themselves."""

from __future__ import annotations

from typing import Any

from .nodes import LEAVES
from .parse import MAX_CHILDREN


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a segment's definition."""
    ref = {"$ref": "#/$defs/condition"}
    many = {"type": "array", "items": ref, "maxItems": MAX_CHILDREN}
    groups = [
        {"type": "object", "properties": {name: many}, "required": [name], "additionalProperties": False}
        for name in ("all", "any")
    ]
    groups.append({"type": "object", "properties": {"not": ref}, "required": ["not"], "additionalProperties": False})
    leaves = [
        {
            "title": name,
            "type": "object",
            "properties": dict(cls.schema),
            "required": [name],
            "additionalProperties": False,
        }
        for name, cls in LEAVES.items()
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Segment",
        **ref,
        "$defs": {"condition": {"oneOf": [*groups, *leaves]}},
    }
