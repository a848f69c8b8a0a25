"""What a journey can be made of, for the editor: kinds of step and of rule, with their settings."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from headwater.audience.compiler.palette import palette as segment_palette

from ..engine import rulebook
from ..engine.base import GROUPS, STEPS, Step
from ..engine.checking import HOURS
from ..engine.fields import Choice, Condition, Duration, chosen
from ..rules.duration import UNITS
from ..rules.schedule import DAYS
from .choices import SOURCES

REENTRY_FIELDS = (
    Choice(
        "rule",
        gettext_lazy("People may come again"),
        default="when_finished",
        choices=[
            ("once", gettext_lazy("never")),
            ("when_finished", gettext_lazy("when they are through")),
            ("always", gettext_lazy("at any time")),
        ],
    ),
    Duration(
        "after", gettext_lazy("Not before"), required=False, help=gettext_lazy("Counted from when they last came in")
    ),
)


ONLY = Condition("only", gettext_lazy("Only people for whom"), required=False)


def palette(*, conditions: bool = False) -> dict[str, Any]:
    """Kinds of step and rule, described. conditions: with what segments' conditions are made of."""
    said = {
        "groups": [{"id": key, "label": str(label)} for key, label in GROUPS.items()],
        "steps": [_step(cls) for cls in _ordered()],
        "rules": [_rule(kind) for kind in rulebook.KINDS.values()],
        "only": ONLY.describe(),
        "hours": [f.describe() for f in HOURS],
        "reentry": [f.describe() for f in REENTRY_FIELDS],
        "sources": sorted(SOURCES),
        "units": list(UNITS),
        "days": list(DAYS),
        "leaves": _leaves(),
    }
    if conditions:
        said["conditions"] = segment_palette()
    return said


def _ordered() -> list[type[Step]]:
    order = list(GROUPS)
    return sorted(STEPS.values(), key=lambda c: (order.index(c.group), str(c.kind)))


def _step(cls: type[Step]) -> dict[str, Any]:
    return {
        "id": cls.kind,
        "label": str(cls.label),
        "icon": cls.icon,
        "hue": cls.hue,
        "group": cls.group,
        "waits": cls.waits,
        "fields": [f.describe() for f in cls.fields],
        "arms": [{key: str(value) for key, value in way.items()} for way in cls.ways],
    }


def _rule(kind: rulebook.RuleKind) -> dict[str, Any]:
    return {
        "id": kind.kind,
        "label": str(kind.label),
        "icon": kind.icon,
        "hue": kind.hue,
        "help": str(kind.help),
        "uses": list(kind.uses),
        "fields": [said for f in kind.fields for said in f.described()],
    }


def _leaves() -> list[dict[str, Any]]:
    did = [
        ("sent", _("was sent")),
        ("opened", _("opened")),
        ("clicked", _("clicked")),
        ("bounced", _("came back")),
        ("unsubscribed", _("unsubscribed")),
    ]
    since = [
        ("", _("at any time")),
        ("entry", _("since entry")),
        ("arrival", _("since arriving here")),
        ("cause", _("what let her in")),
        ("waited", _("what she waited for")),
    ]
    return [
        {
            "leaf": "mail",
            "label": _("A mail of this journey"),
            "fields": {"mail": {"steps": "send_email"}, "did": {"choices": chosen(did)}},
        },
        {
            "leaf": "event",
            "label": _("Did something on the way"),
            "fields": {
                "event": {"source": "events"},
                "where": {"source": "props"},
                "since": {"label": _("Which time counts"), "choices": chosen(since)},
            },
        },
    ]
