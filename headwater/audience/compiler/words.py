"""Conditions in plain words, and the evidence that decides them for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.cache import cache, caches
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from headwater.core.facts import look_of
from headwater.timeline import queries as timeline

from .fields import Field, names_of
from .fields import field as field_of
from .nodes import Group, Leaf, Node, Not
from .phrases import between, measured, said

if TYPE_CHECKING:
    from .leaves.event import EventLeaf
    from .leaves.field import FieldLeaf


def op_label(op: str) -> str:
    """An operator as people read it between a field and a value."""
    return {
        "eq": _("is"),
        "ne": _("is not"),
        "in": _("is one of"),
        "not_in": _("is none of"),
        "contains": _("contains"),
        "not_contains": _("does not contain"),
        "starts_with": _("starts with"),
        "not_starts_with": _("does not start with"),
        "ends_with": _("ends with"),
        "not_ends_with": _("does not end with"),
        "matches": _("matches"),
        "not_matches": _("does not match"),
        "empty": _("is empty"),
        "not_empty": _("is known"),
        "gt": _("is more than"),
        "gte": _("is at least"),
        "lt": _("is less than"),
        "lte": _("is at most"),
        "between": _("is between"),
        "before": _("is before"),
        "after": _("is after"),
        "within": _("was in the last"),
        "older_than": _("is longer ago than"),
        "within_next": _("is in the next"),
        "anniversary": _("returns (yearly) within"),
        "has": _("has"),
        "has_not": _("has not"),
        "has_any": _("has one of"),
        "has_all": _("has all of"),
        "held_for": _("has been for"),
    }.get(op, op)


def band_name(band: Mapping[str, Any]) -> str:
    """A band as people call it."""
    if band["name"]:
        return str(band["name"])
    return {"cold": _("Cold"), "warm": _("Warm"), "hot": _("Hot")}.get(str(band["key"]), str(band["key"]))


def state_name(state: str) -> str:
    """A state of consent as people call it."""
    known = {"granted": _("granted"), "withdrawn": _("withdrawn"), "pending": _("pending"), "none": _("not given")}
    return known.get(state, state)


def length(text: str) -> str:
    """ "30d" as "30 days"."""
    if not text[:-1].isdigit():
        return text
    n = int(text[:-1])
    return {
        "s": ngettext("%(n)s second", "%(n)s seconds", n),
        "m": ngettext("%(n)s minute", "%(n)s minutes", n),
        "h": ngettext("%(n)s hour", "%(n)s hours", n),
        "d": ngettext("%(n)s day", "%(n)s days", n),
        "w": ngettext("%(n)s week", "%(n)s weeks", n),
    }.get(text[-1], text) % {"n": n}


def within(text: str) -> str:
    return _("in the last %(length)s") % {"length": length(text)}


def compared(what: str, op: str, value: Any) -> str:
    """ "score Engagement is at least 60": `op` and a plain value asked of something."""
    return between(what, *value) if op == "between" else said(what, op, str(value))


def phrase(what: str, op: str, value: Any) -> str:
    """ "Country is “KR”": the same with texts in quotation marks, and spans as lengths."""
    return between(what, *value) if op == "between" else said(what, op, value_of(op, value))


def value_of(op: str, value: Any) -> str:
    if op in ("within", "older_than", "within_next", "anniversary", "held_for"):
        return length(str(value))
    if isinstance(value, (list, tuple)):
        return ", ".join(f"“{item}”" for item in value)
    return f"“{value}”" if isinstance(value, str) else str(value)


def _users() -> dict[str, str]:
    """Users by their ids, as people call them; kept for a while, because a list of segments asks again and again."""
    from headwater.accounts.models import User

    names: dict[str, str] | None = cache.get("audience:users")
    if names is None:
        names = {str(u.pk): u.name for u in User.objects.all()}
        cache.set("audience:users", names, 15)
    return names


def choices_of(found: Field) -> dict[str, str]:
    """The values of a field that have a name of their own."""
    if found.type == "user":
        return _users()
    return {str(k): str(v) for k, v in found.choices()} if found.choices else names_of(found)


def field(leaf: FieldLeaf) -> str:
    """ "Country is “KR”" """
    found = field_of(leaf.name)
    label = str(found.label)
    choices = choices_of(found)
    if leaf.op == "held_for":
        return _("%(field)s has been %(value)s for %(length)s") % {
            "field": label,
            "value": value_of("eq", choices.get(str(leaf.equals), leaf.equals)),
            "length": length(leaf.value),
        }
    value = leaf.value
    if choices and leaf.op != "between":
        value = [choices.get(str(v), v) for v in value] if isinstance(value, tuple) else choices.get(str(value), value)
    return phrase(label, leaf.op, value)


def field_evidence(leaf: FieldLeaf, person_id: int) -> list[dict[str, Any]]:
    """The present value of the field."""
    from headwater.people.models import Contact

    contact = Contact.objects.select_related("company").filter(pk=person_id).first()
    found = field_of(leaf.name)
    record: Any = contact.company if contact and found.company else contact
    if record is None:
        return [{"text": _("No company is known") if contact else _("This contact no longer exists")}]
    column = leaf.name.partition(".")[2]
    if found.custom:
        value = record.custom.get(found.custom)
    elif column.startswith("origin."):
        value = record.origin.get(column[7:])
    else:
        value = getattr(record, "owner_id" if found.type == "user" else column)
    choices = choices_of(found)
    if isinstance(value, list):
        value = ", ".join(choices.get(str(one), str(one)) for one in value)
    elif choices:
        value = choices.get(str(value), value)
    if hasattr(value, "tzinfo"):
        return [{"text": str(found.label), "at": value}]
    return [{"text": f"{found.label}: {'—' if value in (None, '') else value}"}]


def kind_label(kind: str) -> str:
    """A kind of event as a noun-like phrase, "page viewed"; the declared ones in the reader's language."""
    return _(kind.replace(".", " ").replace("_", " "))


def model_names() -> dict[str, tuple[str, dict[str, str]]]:
    """Score models by their keys: the name, and the names of the bands; kept for a while, as users are."""
    from headwater.audience.models import ScoreModel

    key = f"audience:models:{get_language()}"
    names: dict[str, tuple[str, dict[str, str]]] | None = caches["local"].get(key)
    if names is None:
        names = {m.key: (m.name, {b["key"]: band_name(b) for b in m.bands}) for m in ScoreModel.objects.all()}
        caches["local"].set(key, names, 10)
    return names


def topic_name(key: str) -> str:
    """A topic of interest by its name; kept for a while, as users are."""
    from headwater.audience.models import Topic

    names: dict[str, str] | None = caches["local"].get("audience:topics")
    if names is None:
        names = dict(Topic.objects.values_list("key", "name"))
        caches["local"].set("audience:topics", names, 10)
    return names.get(key, key)


def conditions(where: list[dict[str, Any]]) -> str:
    """Property conditions: "path starts with “/pricing”"."""
    asked = (said(one["prop"], one.get("op", "eq"), value_of(one.get("op", "eq"), one.get("value"))) for one in where)
    return _(" and ").join(asked)


def times(op: str, count: Any) -> str:
    """ "at least 3 times" """
    if op == "between":
        return _("between %(low)s and %(high)s times") % {"low": count[0], "high": count[1]}
    if (op, count) == ("gte", 1):
        return _("at least once")
    return {
        "gte": ngettext("at least %(n)s time", "at least %(n)s times", count),
        "gt": ngettext("more than %(n)s time", "more than %(n)s times", count),
        "lt": ngettext("fewer than %(n)s time", "fewer than %(n)s times", count),
        "lte": ngettext("at most %(n)s time", "at most %(n)s times", count),
        "eq": ngettext("exactly %(n)s time", "exactly %(n)s times", count),
        "ne": ngettext("not exactly %(n)s time", "not exactly %(n)s times", count),
    }[op] % {"n": count}


def measure(name: str) -> str:
    """counts.MEASURES as people read them before what is measured."""
    return {"sum": _("the sum of"), "avg": _("the average of"), "min": _("the least"), "max": _("the greatest")}[name]


def event(leaf: EventLeaf) -> str:
    """ "page viewed (path starts with “/pricing”) at least 3 times in the last 30 days" """
    out = kind_label(leaf.kind)
    if leaf.where:
        out += f" ({conditions(leaf.where)})"
    out += " " + times(leaf.count_op, leaf.count)
    if leaf.within:
        out += " " + within(leaf.within)
    if leaf.between:
        out += " " + _("from %(low)s to %(high)s") % {"low": leaf.between[0], "high": leaf.between[1]}
    for name, prop, op, value in leaf.sums:
        out += f", {compared(measured(name, prop), op, value)}"
    for label, edge in ((_("the first"), leaf.first), (_("the last"), leaf.last)):
        if edge:
            out += f", {phrase(label, edge[0], edge[1])}"
    return out


#: How many facts are looked through, and how many of the matching ones are shown
EVIDENCE_READ, EVIDENCE_SHOWN = 500, 5


def event_evidence(leaf: EventLeaf, person_id: int) -> list[dict[str, Any]]:
    """The newest facts that count, newest first."""
    from headwater.audience.rules import prop, span, where_test
    from headwater.core import clock

    from .checks import moment, moment_after

    test, now = where_test(leaf.where), clock.now()
    edge = now - span(leaf.within) if leaf.within else None
    low, high = (moment(leaf.between[0]), moment_after(leaf.between[1])) if leaf.between else (None, None)
    rows = timeline.read(person_id, kinds=[leaf.kind], limit=EVIDENCE_READ, quiet=True)
    found = [
        e
        for e in rows
        if e.at <= now
        and (edge is None or e.at > edge)
        and (low is None or high is None or low <= e.at < high)
        and test(e.data)
    ]
    out: list[dict[str, Any]] = []
    for e in found[:EVIDENCE_SHOWN]:
        detail = prop(e.data, "title") or prop(e.data, "path") or prop(e.data, "subject") or prop(e.data, "name") or ""
        out.append({"text": f"{kind_label(e.kind)} {detail}".strip(), "at": e.at, "icon": look_of(e.kind).icon})
    if not found:
        return [{"text": _("No such event") + (f" {within(leaf.within)}" if leaf.within else "")}]
    if len(found) > EVIDENCE_SHOWN:
        more = len(found) - EVIDENCE_SHOWN
        out.append({"text": ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more}})
    return out


def summary(node: Node, *, top: bool = True) -> str:
    """A whole condition in one sentence."""
    if isinstance(node, Not):
        return _("not (%(condition)s)") % {"condition": summary(node.child)}
    if isinstance(node, Leaf):
        return node.says()
    assert isinstance(node, Group)
    if not node.children:
        return _("everybody") if node.op == "all" else _("nobody")
    out = (_(" and ") if node.op == "all" else _(" or ")).join(summary(c, top=False) for c in node.children)
    return out if top or len(node.children) == 1 else f"({out})"
