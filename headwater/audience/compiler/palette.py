"""What the editor offers: fields with their operators, events with their properties, names to choose from."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from headwater.accounts.models import User
from headwater.audience.models import ScoreModel, Segment, Topic
from headwater.audience.rules import PROP_OPS
from headwater.core.facts import KINDS
from headwater.people.models import Tag
from headwater.people.rules import CONSENT_CHANNELS

from .checks import LIST_OPS, NO_VALUE_OPS, OPS, SPAN_OPS
from .fields import FIELDS, TYPES
from .leaves.consent import STATES
from .records import record_types
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
        "custom": custom_fields(),
        "records": [
            {
                "key": cls.type,
                "label": str(cls.label),
                "fields": [
                    {
                        "name": name,
                        "label": str(f.label),
                        "type": f.type,
                        "choices": [[v, str(label)] for v, label in f.choices()] if f.choices else None,
                    }
                    for name, f in cls.fields.items()
                ],
            }
            for cls in record_types()
        ],
        "types": list(TYPES),
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


#: How many contacts and companies, the newest ones, are looked through for the custom fields in use
LOOKED_THROUGH = 2000


def custom_fields() -> list[dict[str, Any]]:
    """Custom fields in use: name, label, and the type that their values look like (what "as" may say)."""
    out = []
    with connection.cursor() as cursor:
        for table in ("contact", "company"):
            cursor.execute(
                "SELECT v.key, array_agg(DISTINCT jsonb_typeof(v.value)), bool_and(v.value #>> '{}' ~ %s) "
                f"FROM (SELECT custom FROM people_{table} ORDER BY id DESC LIMIT %s) t, jsonb_each(t.custom) v "
                "WHERE v.value NOT IN ('null', '\"\"') GROUP BY v.key ORDER BY v.key LIMIT 500",
                [r"^\d{4}-\d{2}-\d{2}", LOOKED_THROUGH],
            )
            for key, shapes, dated in cursor.fetchall():
                name = f"{table}.custom.{key}"
                if re.fullmatch(r"\w+\.custom\.[a-z][a-z0-9_]{0,62}", name):
                    out.append({"name": name, "label": key.replace("_", " "), "type": _looks_like(shapes, dated)})
    return out


def _looks_like(shapes: list[str], dated: bool) -> str:
    if dated:
        return "date"
    types = {"number": "number", "boolean": "boolean", "array": "choices"}
    return types.get(shapes[0], "text") if len(shapes) == 1 else "text"


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
