"""Conditions of branches and waits, for a set of people who stand in one step.

A condition is a segment's JSON. Two leaves more make sense in a journey: an event that counts since she entered it
({"event": ..., "since": "entry"}) or since she came to this step ("arrival"), and what she did with a mail of this
journey ({"mail": "welcome", "did": "clicked"}, "welcome" being the step that sent it). They are answered here; all
else is asked of the audience.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from headwater.audience import queries as audience
from headwater.audience.compiler import ConditionError, needs_of, parse

from ..rules.duration import RuleError
from ..rules.matching import OPS
from .base import Context, Traveller

if TYPE_CHECKING:
    from .graph import Version

Condition = Mapping[str, Any]

#: Leaves whose answer the audience computes from other facts, or that time alone can change: looked at again after so
#: long while somebody waits for them
RECHECK = timedelta(seconds=60)
_BY_TIME = ("score", "interest", "within", "random")
_FACTS_OF = {"tag": ("tag.added", "tag.removed"), "consent": ("consent.changed",)}


def own(leaf: Condition) -> bool:
    return "mail" in leaf or ("event" in leaf and bool(leaf.get("since")))


def has_own(node: Condition) -> bool:
    """Does it ask for what happened on the way?"""
    children = node.get("all") or node.get("any") or ([node["not"]] if "not" in node else [])
    return any(has_own(c) for c in children) if children else own(node)


def true_for(node: Condition, context: Context, people: Sequence[Traveller]) -> set[int]:
    """The places in `people` of those for whom the condition holds. Statements: one for each leaf."""
    if not people:
        return set()
    if not has_own(node):
        return _asked(node, people)
    everybody = set(range(len(people)))
    if "all" in node:
        left = everybody
        for child in node["all"]:
            left &= true_for(child, context, people)
        return left
    if "any" in node:
        found: set[int] = set()
        for child in node["any"]:
            found |= true_for(child, context, people)
        return found
    if "not" in node:
        return everybody - true_for(node["not"], context, people)
    return _happened(node, context, people)


def _asked(node: Condition, people: Sequence[Traveller]) -> set[int]:
    matching = audience.matching(dict(node), sorted({t.person_id for t in people}))
    return {n for n, t in enumerate(people) if t.person_id in matching}


def _happened(leaf: Condition, context: Context, people: Sequence[Traveller]) -> set[int]:
    kind, where, since_arrival = as_event(leaf, context.version)
    starts = [t.moved_at if since_arrival else t.since for t in people]
    with connection.cursor() as cursor:
        if not where:
            cursor.execute(
                "SELECT v.n FROM unnest(%s::bigint[], %s::timestamptz[]) WITH ORDINALITY AS v(person_id, since, n) "
                "WHERE EXISTS (SELECT 1 FROM timeline_fact f WHERE f.person_id = v.person_id AND f.kind = %s "
                "AND f.at > v.since)",
                [[t.person_id for t in people], starts, kind],
            )
            return {n - 1 for (n,) in cursor.fetchall()}
        props = sorted({w["prop"] for w in where})
        cursor.execute(
            "SELECT DISTINCT v.n, ARRAY(SELECT f.data ->> k FROM unnest(%s::text[]) WITH ORDINALITY u(k, o) "
            "ORDER BY o) "
            "FROM unnest(%s::bigint[], %s::timestamptz[]) WITH ORDINALITY AS v(person_id, since, n) "
            "JOIN timeline_fact f ON f.person_id = v.person_id AND f.kind = %s AND f.at > v.since "
            "WHERE f.person_id = ANY(%s)",
            [props, [t.person_id for t in people], starts, kind, [t.person_id for t in people]],
        )
        rows = cursor.fetchall()
    place = {prop: n for n, prop in enumerate(props)}
    return {
        n - 1
        for n, values in rows
        if all(OPS[w.get("op", "eq")](values[place[w["prop"]]], w.get("value")) for w in where)
    }


def as_event(leaf: Condition, version: Version) -> tuple[str, list[Mapping[str, Any]], bool]:
    """(kind of fact, conditions on its properties, does it count from her arrival at the step only?)"""
    if "mail" in leaf:
        step = (version.graph.get("steps") or {}).get(leaf["mail"]) or {}
        template = (step.get("settings") or {}).get("template")
        return f"mail.{leaf['did']}", [{"prop": "template", "op": "eq", "value": template}], False
    return str(leaf["event"]), list(leaf.get("where") or []), leaf.get("since") == "arrival"


def listens(node: Condition, version: Version) -> frozenset[str] | None:
    """The kinds of fact that can make the condition true; None: any."""
    children = node.get("all") or node.get("any") or ([node["not"]] if "not" in node else [])
    if children:
        kinds: set[str] = set()
        for child in children:
            heard = listens(child, version)
            if heard is None:
                return None
            kinds |= heard
        return frozenset(kinds)
    if "mail" in node or "event" in node:
        return frozenset([as_event(node, version)[0]] if own(node) else [str(node["event"])])
    for key, heard_kinds in _FACTS_OF.items():
        if key in node:
            return frozenset(heard_kinds)
    if "segment" in node:
        return frozenset(("segment.entered", "segment.left"))
    if "field" in node:
        return frozenset(("contact.updated", "stage.changed", "owner.changed", "tag.added", "tag.removed"))
    return _needed(node)


def _needed(leaf: Condition) -> frozenset[str] | None:
    """The kinds of fact that the audience says a leaf needs, where it needs nothing else."""
    try:
        needs = needs_of(parse(dict(leaf)))
    except ConditionError:
        return None
    kinds = [need.removeprefix("kind:") for need in needs if need.startswith("kind:")]
    return frozenset(kinds) if kinds and len(kinds) == len(needs) else None


def needs_recheck(node: Condition) -> bool:
    """Can it become true without a fact that `listens` names?"""
    children = node.get("all") or node.get("any") or ([node["not"]] if "not" in node else [])
    if children:
        return any(needs_recheck(c) for c in children)
    return any(key in node for key in _BY_TIME) and not own(node)


def check(node: Mapping[str, Any], step_ids: Mapping[str, Any], where: str) -> None:
    """Raises RuleError where a condition names a mail that no step sends, or says what the audience cannot answer."""
    children = [*(node.get("all") or []), *(node.get("any") or []), *([node["not"]] if "not" in node else [])]
    for child in children:
        check(child, step_ids, where)
    if "mail" in node and (step_ids.get(node["mail"]) or {}).get("kind") != "send_email":
        raise RuleError(_("No step “%(step)s” sends a mail."), where, step=node["mail"])
    if not children and not own(node):
        try:
            parse(dict(node))
        except ConditionError as error:
            raise RuleError(str(error), where) from error
