"""How the editor asks for the leaves of this package. What a leaf takes is read from its JSON Schema (`palette.py`);
this only adds the words between its controls, where their choices come from and what a new one starts with.

Other packages say the same beside their leaf: `editor = {"label": _("Deal"), "icon": "handshake", ...}` (all optional).

label, icon, group   of the leaf in the picker           fresh   JSON that a new one starts with
negation             words for has and has not           words   (before key or "" for the end) -> text
keys                 key -> {"label", "options" (a list of the palette), "suggest" (what `seen.py` answers), "unit",
                     "shown" (also while it is absent), "default", "as" (a part of its own), ...}
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from .counts import MEASURES
from .words import measure

Hints = dict[str, Any]


def hints() -> dict[str, Hints]:
    """Of each leaf of this package, in the order of the picker."""
    return {
        "field": {"label": _("Contact or company field"), "icon": "user-round", "group": _("Contact field"),
                  "fresh": {"field": "contact.country", "op": "eq", "value": ""}},
        "event": {
            "label": _("Behaviour"), "icon": "activity", "group": _("Behaviour"), "negation": [_("did"), _("did not")],
            "fresh": {"event": "page.viewed", "within": "30d"},
            "keys": {
                "event": {"as": "kind"},
                "where": {"label": _("Property")},
                "count": {"labels": counts(), "shown": True, "default": {"op": "gte", "value": 1}, "whole": True,
                          "unit": _("times")},
                "within": {"label": _("in the last"), "not": ["between"], "start": "30d"},
                "between": {"label": _("between two days"), "not": ["within"]},
                "first": {"label": _("the first time")},
                "last": {"label": _("the last time")},
                **measures(),
            },
        },
        "tag": {"label": _("Tag"), "icon": "tag", "negation": [_("has"), _("has not")],
                "words": {"tag": _("the tag")}, "keys": {"tag": {"label": _("Tag"), "suggest": "tags"}},
                "fresh": {"tag": ""}},
        "score": {
            "label": _("Score"), "icon": "gauge", "words": {"score": _("score")},
            "keys": {"score": {"label": _("Score"), "options": "models"},
                     "of": {"label": _("of"),
                            "options": [["person", _("of the person")], ["company", _("of her company")]]},
                     "band": {"label": _("band is"), "options": "bands", "instead": "op", "start": "hot"}},
            "fresh": {"score": "engagement", "op": "gte", "value": 60}, "unit": _("points"),
        },
        "interest": {
            "label": _("Interest"), "icon": "lightbulb",
            "negation": [_("has"), _("has not")], "words": {"interest": _("interest in")},
            "keys": {"interest": {"label": _("Interest"), "options": "topics"},
                     "within": {"label": _("in the last"), "start": "30d"}},
            "fresh": {"op": "gte", "value": 1}, "unit": _("signs"),
        },
        "segment": {
            "label": _("Other segment"), "icon": "funnel",
            "negation": [_("is"), _("is not")], "words": {"segment": _("in the segment")},
            "keys": {"segment": {"label": _("Segment"), "options": "segments"}}, "fresh": {},
        },
        "consent": {
            "label": _("Consent"), "icon": "shield-check",
            "words": {"consent": _("consent for"), "state": _("is")},
            "keys": {"consent": {"label": _("Channel"), "options": "channels"},
                     "state": {"label": _("Consent"), "options": "states", "shown": True, "default": "granted"},
                     "topic": {"label": _("Topic"), "suggest": "topics"}},
            "fresh": {"consent": "email", "state": "granted"},
        },
        "random": {
            "label": _("Random sample"), "icon": "dices",
            "words": {"random": _("in a random sample of")},
            "keys": {"random": {"label": _("Percent"), "unit": "%"}, "seed": {"label": _("Draw"), "start": 1}},
            "fresh": {"random": 10},
        },
    }  # fmt: skip


def measures() -> Hints:
    """The keys that ask for a sum and the like, of events and of records."""
    return {name: {"label": measure(name)} for name in MEASURES}


def counts() -> dict[str, str]:
    """Operators as they read before "times"."""
    return {"gte": _("at least"), "gt": _("more than"), "lte": _("at most"), "lt": _("fewer than"),
            "eq": _("exactly"), "ne": _("not exactly"), "between": _("between")}  # fmt: skip


def type_label(name: str) -> str:
    """A type of value, as people choose one for a custom field."""
    known = {"text": _("Text"), "choice": _("Choice"), "number": _("Number"), "money": _("Amount"), "date": _("Date"),
             "datetime": _("Date and time"), "boolean": _("Yes or no"), "choices": _("Several choices"),
             "url": _("Link"), "email": _("Email"), "phone": _("Phone"), "user": _("User")}  # fmt: skip
    return known.get(name, name)


def texts() -> dict[str, str]:
    """Words of the editor itself."""
    return {
        "all": _("All of these"),
        "any": _("Any of these"),
        "none": _("None of these"),
        "and": _("and"),
        "or": _("or"),
        "nor": _("nor"),
        "match": _("Conditions of this group"),
        "add": _("Condition"),
        "addFull": _("Add a condition"),
        "group": _("Group"),
        "addGroup": _("Add a group"),
        "find": _("Find a field, event, tag, segment…"),
        "nothing": _("Nothing of this name"),
        "more": _("Actions"),
        "detail": _("Detail"),
        "duplicate": _("Duplicate"),
        "wrap": _("Put into a group"),
        "unwrap": _("Dissolve the group"),
        "negate": _("Turn into the opposite"),
        "up": _("Move up"),
        "down": _("Move down"),
        "remove": _("Remove"),
        "undo": _("Undo"),
        "redo": _("Redo"),
        "removed": _("Removed. Ctrl+Z brings it back."),
        "moved": _("Moved"),
        "undone": _("Undone"),
        "not": _("not"),
        "yes": _("yes"),
        "no": _("no"),
        "value": _("Value"),
        "values": _("Values"),
        "operator": _("Operator"),
        "number": _("Number"),
        "unit": _("Unit"),
        "field": _("Field"),
        "type": _("Type of the value"),
        "event": _("Event"),
        "property": _("Property"),
        "from": _("from"),
        "to": _("to"),
        "for": _("for"),
        "with": _("with"),
        "drag": _("Drag to move"),
        "contact": _("Contact fields"),
        "company": _("Company fields"),
        "customField": _("Custom field “%s”"),
        "s": _("seconds"),
        "m": _("minutes"),
        "h": _("hours"),
        "d": _("days"),
        "w": _("weeks"),
        "empty": _("Everybody, until you add a condition."),
        "emptyAny": _("Nobody, until you add a condition."),
    }
