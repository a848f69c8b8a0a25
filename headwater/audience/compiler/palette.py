"""What the editor offers: leaves with their parts, fields with their operators, events with their properties.

A leaf's parts are made from its JSON Schema, so a leaf, a key or an operator that is new shows itself in the editor
without a change there:

    {"as": "choice" | "text" | "number" | "span" | "bool" | "json", "key"}     one control
    {"as": "compare"}                the leaf's own "op" and "value"; with a "key", those of raw[key]
    {"as": "moment", "key"}          {"op": "within", "value": "30d"}
    {"as": "measure", "key"}         {"prop", "op", "value"}; with "fields", {"field", "op", "value"} of one of these
    {"as": "pair", "key"}            two dates
    {"as": "where", "key"}           a list of {"prop", "op", "value"}
    {"as": "records", "key"}         a list of {"field", "op", "value"} on the leaf's own `fields`
    {"as": "word", "text"}, {"as": "field"}, {"as": "kind", "key"}
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from django.templatetags.static import static
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headwater.accounts.models import User
from headwater.audience.models import ScoreModel, Segment, Topic
from headwater.audience.rules import PROP_OPS
from headwater.core.facts import KINDS, look_of
from headwater.people.models import Tag
from headwater.people.rules import CONSENT_CHANNELS

from . import seen
from .checks import LIST_OPS, NO_VALUE_OPS, OPS, SPAN_OPS
from .fields import FIELDS, NAMES, TYPES
from .hints import Hints, counts, hints, measures, texts, type_label
from .leaves.consent import STATES
from .nodes import LEAVES, Leaf
from .records import RecordsLeaf
from .words import band_name, kind_label, op_label, state_name

#: The control for a value, where it is not the type's own name
INPUTS = {"money": "number", "texts": "choices", "url": "text", "email": "text", "phone": "text", "custom": "text"}


def palette() -> dict[str, Any]:
    """JSON for the editor; a constant number of statements."""
    said = hints()
    for name, cls in LEAVES.items():
        said[name] = {**said.get(name, {}), **_own(name, cls)}
    return {
        "icons": static("web/icons.svg"),
        "text": texts(),
        "labels": {op: op_label(op) for op in sorted({o for ops in OPS.values() for o in ops} | set(PROP_OPS))},
        "types": {t: {"ops": list(ops), "input": INPUTS.get(t, t)} for t, ops in OPS.items()},
        "shapes": _shapes(),
        "propOps": PROP_OPS,
        "leaves": [_leaf(name, said[name]) for name in said if name in LEAVES],
        "as": [[t, type_label(t)] for t in TYPES],
        "fields": _fields(),
        "kinds": _kinds(),
        "options": _options(),
    }


def _shapes() -> dict[str, str]:
    """What an operator asks for: nothing, a span, a list or two values; all others take one value of the type."""
    of = (("none", NO_VALUE_OPS), ("span", SPAN_OPS), ("list", LIST_OPS), ("pair", ("between",)))
    return {op: shape for shape, ops in of for op in ops}


def _own(name: str, cls: type[Leaf]) -> Hints:
    """What a leaf of another package says of itself."""
    own: Hints = dict(getattr(cls, "editor", {}))
    if not issubclass(cls, RecordsLeaf):
        return own
    label = str(cls.label)
    count = {"shown": False, "label": _("How many"), "labels": counts(), "whole": True}
    return {"label": label[:1].upper() + label[1:], "icon": "layers", "negation": [_("has"), _("has not")],
            "words": {name: label}, "fresh": {name: []}, "keys": {"count": count, **measures()}, **own}  # fmt: skip


def _leaf(name: str, said: Hints) -> dict[str, Any]:
    label = str(said.get("label") or name.replace("_", " ").capitalize())
    cls = LEAVES[name]
    return {
        "type": name,
        "fields": [_field(n, f) for n, f in cls.fields.items()] if issubclass(cls, RecordsLeaf) else None,
        "label": label,
        "icon": said.get("icon", "circle-dot"),
        "group": str(said.get("group") or label),
        "negation": [str(word) for word in said["negation"]] if "negation" in said else None,
        "fresh": said.get("fresh", {}),
        "keys": list(LEAVES[name].keys),
        "parts": [{"as": "field"}] if name == "field" else list(_parts(name, LEAVES[name].schema, said)),
    }


def _parts(name: str, schema: Mapping[str, Any], said: Hints) -> Any:
    """The controls of a leaf in the order of its schema, words between them."""
    words, keys = said.get("words", {}), said.get("keys", {})
    bare = "op" in schema and "value" in schema
    for key, shape in schema.items():
        if bare and key == "value":
            continue
        hint = {k: v if isinstance(v, (bool, int, float, list, dict)) else str(v) for k, v in keys.get(key, {}).items()}
        if key in words:
            yield {"as": "word", "text": str(words[key])}
        if bare and key == "op":
            alternatives = [k for k, v in keys.items() if v.get("instead") == "op"]
            yield {"as": "compare", "ops": shape.get("enum"), "shown": True, "unit": str(said.get("unit", "")),
                   "alternatives": alternatives, **hint}  # fmt: skip
            continue
        made = _part(shape)
        if made["as"] == "text" and "options" in hint:
            made["as"] = "choice"
        yield {"key": key, "label": key.replace("_", " "), "shown": key == name, **made, **hint}
    if "" in words:
        yield {"as": "word", "text": str(words[""])}


def _part(shape: Mapping[str, Any]) -> dict[str, Any]:
    """One control from one property of a JSON Schema."""
    inner = shape.get("properties", {})
    if "enum" in shape:
        return {"as": "choice", "options": [[v, str(v)] for v in shape["enum"]]}
    if str(shape.get("pattern", "")).endswith("[smhdw]$"):
        return {"as": "span"}
    if "prop" in inner:
        return {"as": "measure", "ops": inner.get("op", {}).get("enum")}
    if "field" in inner:
        return {"as": "measure", "fields": inner["field"]["enum"], "ops": inner["op"]["enum"]}
    if "op" in inner:
        ops = inner["op"].get("enum", [])
        return {"as": "moment" if "within" in ops or "before" in ops else "compare", "ops": ops}
    if shape.get("type") == "array":
        items = shape.get("items", {})
        if "prop" in items.get("properties", {}):
            return {"as": "where", "ops": items["properties"].get("op", {}).get("enum")}
        if "field" in items.get("properties", {}):
            return {"as": "records"}
        if items.get("type") == "string":
            return {"as": "pair" if shape.get("maxItems") == 2 else "list"}
        return {"as": "json"}
    known = {"string": "text", "number": "number", "integer": "number", "boolean": "bool"}
    limits = {"min": shape.get("minimum"), "max": shape.get("maximum")}
    whole = {"whole": True} if shape.get("type") == "integer" else {}
    kind = known.get(str(shape.get("type")), "json")
    return {"as": kind, **whole, **({k: v for k, v in limits.items() if v is not None} if kind == "number" else {})}


def _field(name: str, f: Any) -> dict[str, Any]:
    choices = [[v, str(label)] for v, label in f.choices()] if f.choices else None
    return {"name": name, "label": str(f.label), "type": f.type, "choices": choices}


def _fields() -> list[dict[str, Any]]:
    standard = [
        _field(f.name, f) | {"group": "company" if f.company else "contact", "names": f.names} for f in FIELDS.values()
    ]
    custom = [f | {"group": f["name"].partition(".")[0], "custom": True} for f in seen.custom_fields()]
    return standard + custom


def _kinds() -> list[dict[str, Any]]:
    """Declared kinds, and those that the log holds beside them."""
    declared = {k: [f.name for f in dataclasses.fields(cls)] for k, cls in KINDS.items() if not cls.look.quiet}  # type: ignore[arg-type]
    for kind in seen.kinds():
        if kind not in KINDS:
            declared[kind] = []
    return [
        {"kind": kind, "label": kind_label(kind), "props": props, "icon": look_of(kind).icon, "hue": look_of(kind).hue}
        for kind, props in sorted(declared.items())
    ]


def _options() -> dict[str, list[list[Any]]]:
    users = User.objects.filter(is_active=True).order_by("first_name", "last_name", "email")
    return {
        "tags": [[t, t] for t in Tag.objects.order_by("name").values_list("name", flat=True)[:1000]],
        "segments": [list(r) for r in Segment.objects.filter(keeper="").order_by("name").values_list("key", "name")],
        "models": [
            list(row) for row in ScoreModel.objects.filter(archived_at=None).order_by("pk").values_list("key", "name")
        ],
        "topics": [list(row) for row in Topic.objects.order_by("name").values_list("key", "name")],
        "bands": _bands(),
        "users": [[u.pk, u.name] for u in users],
        "channels": [[c, _(c)] for c in CONSENT_CHANNELS],
        "states": [[s, state_name(s)] for s in STATES],
        **{name: [list(one) for one in names(get_language() or "en").items()] for name, names in NAMES.items()},
    }


def _bands() -> list[list[Any]]:
    """The bands of all models, the highest last: [key, name, key of the model]."""
    models = ScoreModel.objects.filter(archived_at=None).order_by("pk")
    return [[band["key"], band_name(band), model.key] for model in models for band in model.bands]
