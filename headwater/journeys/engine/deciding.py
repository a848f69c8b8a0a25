"""Conditions of branches and waits, for a set of people who stand in one step.

A condition is a segment's JSON. Two leaves more make sense in a journey: an event that counts since she entered it
({"event": ..., "since": "entry"}) or since she came to this step ("arrival"), or the very event that let her in
("cause") or that she waited for ("waited"); and what she did with a mail or another message of this journey ({"mail":
"welcome", "did": "clicked"}, "welcome" being the step that sent it; {"sms": ..., "did": "replied"}). They are answered
here; all else is asked of the audience.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from headwater.audience import queries as audience
from headwater.audience.compiler import ConditionError, needs_of, parse
from headwater.audience.compiler.checks import SPAN_OPS
from headwater.audience.rules import span

from ..rules import matching
from ..rules.duration import RuleError
from .base import Context, Traveller, messages_of
from .fields.conditions import ONE
from .fields.messages import MESSAGES, message_leaf
from .messages import may_ask, template_of

if TYPE_CHECKING:
    from .graph import Version

Condition = Mapping[str, Any]

#: What the audience computes from other facts is looked at again after so long while somebody waits for it
RECHECK = timedelta(seconds=60)
_COMPUTED = ("score", "interest")
_FIELD = frozenset(("contact.updated", "stage.changed", "owner.changed", "tag.added", "tag.removed"))
_FACTS_OF = {"tag": ("tag.added", "tag.removed"), "consent": ("consent.changed",)}


def own(leaf: Condition) -> bool:
    return bool(message_leaf(leaf)) or ("event" in leaf and bool(leaf.get("since")))


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
    if leaf.get("since") in ONE:
        return _the_one(leaf, context, people)
    kind, where, since_arrival = as_event(leaf, context.version)
    starts = [t.moved_at if since_arrival else t.since for t in people]
    if leaf.get("within"):
        window = context.now - span(leaf["within"])
        starts = [max(start, window) for start in starts]
    ids = [t.person_id for t in people]
    enough = matching.enough(leaf.get("count"))
    with connection.cursor() as cursor:
        if not where:
            cursor.execute(f"SELECT v.n, x.n {PEOPLE}{COUNTED if leaf.get('count') else ONCE}", [ids, starts, kind])
            return {n - 1 for n, times in cursor.fetchall() if enough(times)}
        cursor.execute(f"SELECT v.n, f.data::text {PEOPLE}{EACH}", [ids, starts, kind, ids])
        facts = [(n - 1, data) for n, text in cursor.fetchall() if matching.holds(where, data := json.loads(text))]
    if message := message_leaf(leaf):
        facts = _of_this_way(facts, message, str(leaf[message]), context.version, people)
    times = Counter(n for n, _data in facts)
    return {n for n in range(len(people)) if enough(times[n])}


def _of_this_way(
    facts: Sequence[tuple[int, dict[str, Any]]], leaf: str, step: str, version: Version, people: Sequence[Traveller]
) -> list[tuple[int, dict[str, Any]]]:
    """Facts about a message that the step sent on this way of hers: the same template may have come from another
    journey, by hand, or from another step. (place, data); a fact that names no message that we know counts."""
    named = {str(data["message"]) for _n, data in facts if data.get("message")}
    keys: dict[tuple[int, str], str] = {}
    if named:
        with connection.cursor() as cursor:
            cursor.execute(KEYS, [sorted({people[n].person_id for n, _data in facts}), sorted(named)])
            keys = {(person, message): key for person, message, key in cursor.fetchall()}
    steps = version.graph.get("steps") or {}
    _told_as, template = template_of(steps.get(step), leaf)
    alone = sum(any(pk == template for _name, _channel, pk in messages_of(s)) for s in steps.values()) == 1
    out = []
    for n, data in facts:
        key = keys.get((people[n].person_id, str(data.get("message"))))
        # journey:PERSON.PASSAGE:STEP (see Context.key); who was merged had another id. After a move to another version
        # the step may have had another name
        way = key.partition(".")[2] if key and key.startswith("journey:") else ""
        mine = f"{people[n].id}:" if alone else f"{people[n].id}:{step}"
        if key is None or way == mine or way.startswith((mine,) if alone else (f"{mine}:", f"{mine}~")):
            out.append((n, data))
    return out


KEYS = "SELECT person_id, id::text, key FROM messaging_message WHERE person_id = ANY(%s) AND id::text = ANY(%s::text[])"
PEOPLE = "FROM unnest(%s::bigint[], %s::timestamptz[]) WITH ORDINALITY AS v(person_id, since, n) "
_SINCE = "timeline_fact f WHERE f.person_id = v.person_id AND f.kind = %s AND f.at > v.since"
ONCE = f"CROSS JOIN LATERAL (SELECT 1 AS n FROM {_SINCE} LIMIT 1) x"
COUNTED = f"CROSS JOIN LATERAL (SELECT count(*) AS n FROM {_SINCE}) x"
EACH = (
    "JOIN timeline_fact f ON f.person_id = v.person_id AND f.kind = %s AND f.at > v.since WHERE f.person_id = ANY(%s)"
)


def _the_one(leaf: Condition, context: Context, people: Sequence[Traveller]) -> set[int]:
    """The event that let her in, or that she waited for: is it of this kind, and are its properties these?"""
    from . import causes

    found = causes.causes(people) if leaf["since"] == "cause" else causes.waited(context.version, people)
    kind, where = str(leaf["event"]), leaf.get("where") or []
    held = {key for key, (its, data) in found.items() if its == kind and matching.holds(where, data)}
    return {n for n, t in enumerate(people) if (t.person_id, t.id) in held}


def as_event(leaf: Condition, version: Version) -> tuple[str, list[Mapping[str, Any]], bool]:
    """(kind of fact, conditions on its properties, does it count from her arrival at the step only?)"""
    if message := message_leaf(leaf):
        told_as, template = template_of((version.graph.get("steps") or {}).get(leaf[message]), message)
        return f"{told_as}.{leaf['did']}", [{"prop": "template", "op": "eq", "value": template}], False
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
    if message_leaf(node) or "event" in node:
        if node.get("since") == "cause":
            return frozenset()
        return frozenset([as_event(node, version)[0]] if own(node) else [str(node["event"])])
    for key, heard_kinds in _FACTS_OF.items():
        if key in node:
            return frozenset(heard_kinds)
    if "segment" in node:
        return frozenset(("segment.entered", "segment.left"))
    if "field" in node:
        return _FIELD | {"company.updated"} if str(node["field"]).startswith("company.") else _FIELD
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
    return not own(node) and (_computed(node) or "within" in node or any(map(_relative, _comparisons(node))))


def _computed(node: Condition) -> bool:
    children = node.get("all") or node.get("any") or ([node["not"]] if "not" in node else [])
    return any(map(_computed, children)) if children else any(key in node for key in _COMPUTED)


def look_again(conditions: Iterable[Condition], context: Context, people: Sequence[Traveller]) -> list[datetime | None]:
    """For each of these people, for whom none of the conditions holds: when to look again though no fact that `listens`
    names has happened. What time alone makes true is looked at in that moment."""
    soon = context.now + RECHECK
    looks: list[datetime | None] = [None] * len(people)
    for node in conditions:
        if not people or not needs_recheck(node):
            continue
        if _computed(node) or has_own(node):
            return [soon] * len(people)
        turns = audience.turning(dict(node), sorted({t.person_id for t in people}))
        for n, t in enumerate(people):
            at = turns.get(t.person_id)
            if at is not None:  # a turn of this very moment is told to be over in the next
                at = max(at, context.now + timedelta(seconds=1))
                looks[n] = min(at, looks[n] or at)
    return looks


def _comparisons(leaf: Condition) -> list[Any]:
    """The leaf itself, what it asks of the first and the last event, and of records: whatever has an operator."""
    lists = [one for value in leaf.values() if isinstance(value, list) for one in value]
    return [leaf, leaf.get("first"), leaf.get("last"), *lists]


def _relative(part: Any) -> bool:
    """Does it compare with the present ("in the next 7 days")?"""
    return isinstance(part, Mapping) and part.get("op") in SPAN_OPS


def _at(node: Any, path: str) -> Any:
    """What stands at a path of a condition ("$.all[0].value"); None where nothing does."""
    for part in re.findall(r"[^$.\[\]]+", path):
        try:
            node = node[int(part)] if isinstance(node, list) else node.get(part)
        except (AttributeError, IndexError, ValueError):
            return None
    return node


def check(node: Mapping[str, Any], step_ids: Mapping[str, Any], where: str) -> None:
    """Raises RuleError where a condition names a message that no step sends, or says what the audience cannot
    answer."""
    if not has_own(node):  # it is asked as a whole, so it is checked as a whole
        try:
            parse(dict(node))
        except ConditionError as error:
            unfinished = all(_at(node, problem.path) in ("", None, []) for problem in error.problems)
            raise RuleError(_("A condition is not finished.") if unfinished else str(error), where) from error
        return
    for child in [*(node.get("all") or []), *(node.get("any") or []), *([node["not"]] if "not" in node else [])]:
        check(child, step_ids, where)
    leaf = message_leaf(node)
    if not leaf or may_ask(step_ids.get(node[leaf]), leaf):
        return
    if leaf == "mail":
        raise RuleError(_("No step “%(step)s” sends a mail."), where, step=node["mail"])
    raise RuleError(_("%(what)s: no step “%(step)s” sends one."), where, what=MESSAGES[leaf].label, step=node[leaf])
