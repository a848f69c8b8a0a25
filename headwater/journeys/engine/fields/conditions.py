"""Conditions and what is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.audience.rules import span

from ...rules import matching
from ...rules.duration import RuleError
from .base import Field, chosen
from .messages import MESSAGES, message_leaf

#: What an event of a journey may count from: her entry, her arrival at the step; or which one it is: the one that let
#: her in, or the newest that a wait of hers asked for
SINCE = ("entry", "arrival", "cause", "waited")
ONE = ("cause", "waited")


@dataclass(frozen=True)
class Arms(Field):
    """The arms of a branch: [{"id": "clicked", "label": "Clicked", "when": CONDITION}], tried in order."""

    type = "arms"

    widget: str = "arms"

    def check(self, value: Any) -> Any:
        if not isinstance(value, list):
            raise RuleError(_("Arms are a list."), self.name)
        seen = set()
        for n, arm in enumerate(value):
            if not isinstance(arm, Mapping) or not isinstance(arm.get("id"), str) or not arm["id"]:
                raise RuleError(_("Arm %(n)s needs an id."), self.name, n=n + 1)
            if arm["id"] == "else" or arm["id"] in seen or len(arm["id"]) > 30:
                raise RuleError(_("The arm id “%(id)s” is taken or too long."), self.name, id=arm["id"])
            seen.add(arm["id"])
            check_condition(arm.get("when"), self.name)
        return value

    def schema(self) -> dict[str, Any]:
        arm = {"id": {"type": "string"}, "label": {"type": "string"}, "when": {"$ref": "#/$defs/condition"}}
        return {"type": "array", "items": {"type": "object", "properties": arm, "required": ["id", "when"]}}


@dataclass(frozen=True)
class Condition(Field):
    type = "condition"
    widget: str = "condition"

    def check(self, value: Any) -> Any:
        check_condition(value, self.name)
        return value

    def schema(self) -> dict[str, Any]:
        return {"$ref": "#/$defs/condition"}


@dataclass(frozen=True)
class Where(Field):
    """Conditions on the properties of an event: [{"prop": "path", "op": "starts_with", "value": "/pricing"}]."""

    type = "where"
    widget: str = "where"

    def check(self, value: Any) -> Any:
        matching.check_where(value, self.name)
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": OPS_SCHEMA}

    def more(self) -> dict[str, Any]:
        return {"choices": chosen(list(OP_NAMES.items()))}


@dataclass(frozen=True)
class Variants(Field):
    """The ways of a split: [{"id": "a", "label": "Short mail", "weight": 1}]; shares follow the weights."""

    type = "variants"
    widget: str = "variants"

    def check(self, value: Any) -> Any:
        if not isinstance(value, list) or not 2 <= len(value) <= 10:
            raise RuleError(_("A split has 2 to 10 ways."), self.name)
        seen = set()
        for n, one in enumerate(value):
            if not isinstance(one, Mapping) or not isinstance(one.get("id"), str) or not one["id"]:
                raise RuleError(_("Way %(n)s needs an id."), self.name, n=n + 1)
            if one["id"] in seen or one["id"] == "holdout" or len(one["id"]) > 30:
                raise RuleError(_("The id “%(id)s” is taken or too long."), self.name, id=one["id"])
            seen.add(one["id"])
            weight = one.get("weight", 1)
            if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight <= 1000:
                raise RuleError(_("A weight is a number above zero."), self.name)
        return value

    def schema(self) -> dict[str, Any]:
        item = {"id": {"type": "string"}, "label": {"type": "string"}, "weight": {"type": "number"}}
        return {"type": "array", "items": {"type": "object", "properties": item, "required": ["id"]}, "minItems": 2}


OP_NAMES = {
    "eq": _("is"),
    "ne": _("is not"),
    "contains": _("contains"),
    "starts_with": _("starts with"),
    "ends_with": _("ends with"),
    "in": _("is one of"),
    "gt": _("more than"),
    "gte": _("at least"),
    "lt": _("less than"),
    "lte": _("at most"),
    "exists": _("is there"),
}


def check_condition(node: Any, where: str) -> None:
    """The shape of a condition: a segment's JSON, whose event leaves may say {"since": "entry"} and which may hold
    {"mail": STEP, "did": "opened"} (or what else messages.py knows). Raises RuleError."""
    if not isinstance(node, Mapping) or not node:
        raise RuleError(_("A condition is needed."), where)
    for key in ("all", "any", "not"):
        if key not in node:
            continue
        _nothing_beside(node, (key,), where)
        if key != "not" and (not isinstance(node[key], list) or not node[key]):
            raise RuleError(_("“%(key)s” needs a list of conditions."), where, key=key)
        for child in [node[key]] if key == "not" else node[key]:
            check_condition(child, where)
        return
    if leaf := message_leaf(node):
        _check_message(node, leaf, where)
    elif "event" in node:
        _check_event(node, where)


def _nothing_beside(node: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    """Raises RuleError where a condition says more than is listened to."""
    for key in node:
        if key not in known:
            raise RuleError(_("“%(key)s” cannot stand here."), where, key=key)


def _check_message(node: Mapping[str, Any], leaf: str, where: str) -> None:
    if not isinstance(node[leaf], str):
        raise RuleError(_("Choose a step."), where)
    asks = MESSAGES[leaf].asks
    if not isinstance(node.get("did"), str) or node["did"] not in asks:
        raise RuleError(_("“did” is one of: %(which)s."), where, which=", ".join(asks))
    _nothing_beside(node, (leaf, "did", "count", "within"), where)
    _check_count(node, where)


def _check_event(node: Mapping[str, Any], where: str) -> None:
    if not isinstance(node["event"], str) or not node["event"]:
        raise RuleError(_("Name the event."), where)
    if node.get("since") not in (None, *SINCE):
        raise RuleError(_("An event counts since her entry or her arrival at the step."), where)
    matching.check_where(node.get("where") or [], where)
    if node.get("since"):
        _nothing_beside(node, ("event", "since", "where", "count", "within"), where)
        _check_count(node, where)


def _check_count(node: Mapping[str, Any], where: str) -> None:
    """An event on the way may be counted; of the one that let her in, or that she waited for, there is one."""
    if node.get("since") in ONE and (node.get("count") or node.get("within")):
        raise RuleError(_("This is one event: it is neither counted nor has it a window."), where)
    count, within = node.get("count"), node.get("within")
    try:
        if count:
            for times in (0, 10**9):
                matching.enough(count)(times)
        if within:
            span(within)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise RuleError(_("Say how often, and within which time."), where) from None


OPS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["prop"],
    "properties": {"prop": {"type": "string"}, "op": {"enum": list(matching.OPS)}, "value": {}},
}


def condition_schema() -> dict[str, Any]:
    """A condition as JSON Schema: groups, the leaves of a journey, and any leaf of a segment."""
    child = {"$ref": "#/$defs/condition"}
    return {
        "type": "object",
        "properties": {
            "all": {"type": "array", "items": child, "minItems": 1},
            "any": {"type": "array", "items": child, "minItems": 1},
            "not": child,
            **{leaf: {"type": "string", "description": "a step that sends such a message"} for leaf in MESSAGES},
            "did": {"enum": sorted({did for message in MESSAGES.values() for did in message.asks})},
            "event": {"type": "string"},
            "since": {"enum": list(SINCE)},
            "where": {"type": "array", "items": OPS_SCHEMA},
        },
        "minProperties": 1,
    }
