"""What the editor offers: fields with their operators, events with their properties, names to choose from."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.utils.translation import gettext as _

from headwater.accounts.models import User
from headwater.audience.models import ScoreModel, Segment, Topic
from headwater.audience.rules import PROP_OPS
from headwater.core.facts import KINDS
from headwater.people.models import Tag
from headwater.people.rules import CONSENT_CHANNELS

from .fields import FIELDS
from .leaves.consent import STATES
from .operators import LIST_OPS, NO_VALUE_OPS, OPS, SPAN_OPS
from .words import kind_label, op_label


def palette() -> dict[str, Any]:
    """JSON for the editor; a constant number of statements."""
    users = User.objects.filter(is_active=True).order_by("first_name", "last_name", "email")
    return {
        "fields": [
            {
                "name": f.name,
                "label": str(f.label),
                "type": f.type,
                "choices": [[v, str(label)] for v, label in f.choices()] if f.choices else None,
            }
            for f in FIELDS.values()
        ],
        "ops": {type_: list(ops) for type_, ops in OPS.items()},
        "labels": {op: op_label(op) for op in sorted({o for ops in OPS.values() for o in ops} | set(PROP_OPS))},
        "propOps": PROP_OPS,
        "spans": SPAN_OPS,
        "lists": LIST_OPS,
        "bare": NO_VALUE_OPS,
        "kinds": [
            {"kind": kind, "label": kind_label(kind), "props": [f.name for f in dataclasses.fields(cls)]}  # type: ignore[arg-type]
            for kind, cls in sorted(KINDS.items())
            if not cls.look.quiet
        ],
        "tags": list(Tag.objects.order_by("name").values_list("name", flat=True)[:1000]),
        "segments": [list(row) for row in Segment.objects.order_by("name").values_list("key", "name")],
        "models": [list(row) for row in ScoreModel.objects.order_by("pk").values_list("key", "name")],
        "topics": [list(row) for row in Topic.objects.order_by("name").values_list("key", "name")],
        "users": [[u.pk, u.name] for u in users],
        "channels": list(CONSENT_CHANNELS),
        "states": list(STATES),
        "text": _texts(),
    }


def _texts() -> dict[str, str]:
    return {
        "all": _("All of these"),
        "any": _("Any of these"),
        "none": _("None of these"),
        "add": _("Condition"),
        "group": _("Group"),
        "remove": _("Remove"),
        "field": _("Contact or company field"),
        "event": _("Behaviour"),
        "tag": _("Tag"),
        "theTag": _("the tag"),
        "score": _("Score"),
        "interest": _("Interest"),
        "segment": _("Other segment"),
        "consent": _("Consent"),
        "random": _("Random sample"),
        "has": _("has"),
        "hasNot": _("has not"),
        "is": _("is"),
        "isNot": _("is not"),
        "did": _("did"),
        "didNot": _("did not"),
        "custom": _("Custom field…"),
        "customName": _("Name of the field"),
        "contact": _("Contact"),
        "company": _("Company"),
        "times": _("times"),
        "anyTime": _("at any time"),
        "inLast": _("in the last"),
        "firstWithin": _("the first time in the last"),
        "firstOlder": _("the first time longer ago than"),
        "lastOlder": _("the last time longer ago than"),
        "lastWithin": _("the last time in the last"),
        "property": _("Property"),
        "value": _("Value"),
        "values": _("Values, separated by commas"),
        "and": _("and"),
        "for": _("for"),
        "band": _("band is"),
        "points": _("points"),
        "weight": _("signs"),
        "inSegment": _("in the segment"),
        "sample": _("in a random sample of"),
        "consentFor": _("consent for"),
        "interestIn": _("interest in"),
        "scoreOf": _("score"),
        "operator": _("Operator"),
        "count": _("How often"),
        "when": _("When"),
        "unit": _("Unit"),
        "number": _("Number"),
        "fieldLabel": _("Field"),
        "eventLabel": _("Event"),
        "empty": _("Everybody, until you add a condition."),
        "emptyAny": _("Nobody, until you add a condition."),
        "s": _("seconds"),
        "m": _("minutes"),
        "h": _("hours"),
        "d": _("days"),
        "w": _("weeks"),
        "cold": _("cold"),
        "warm": _("warm"),
        "hot": _("hot"),
        "granted": _("granted"),
        "withdrawn": _("withdrawn"),
        "pending": _("pending"),
        "notGiven": _("not given"),
        "failed": _("The preview could not be loaded."),
        "notJson": _("This is not JSON."),
        "group_match": _("Conditions of this group"),
    }
