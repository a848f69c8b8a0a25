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
from ..engine.fields.messages import MESSAGES
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


#: Within its group each kind stands where people look for it: what is used most comes first
FIRST = {
    "message": ("send_email", "send_sms", "send_push", "send_best", "notify", "webhook"),
    "time": ("wait", "wait_until", "wait_date"),
    "ways": ("branch", "split", "jump", "exit"),
    "person": ("add_tag", "remove_tag", "set_field", "set_stage", "change_score", "pick_segment", "set_consent"),
    "work": ("create_task", "hand_over", "create_deal", "move_deal", "create_ticket", "set_ticket_status", "add_note"),
}


def _ordered() -> list[type[Step]]:
    groups, order = list(GROUPS), {kind: n for kinds in FIRST.values() for n, kind in enumerate(kinds)}
    return sorted(STEPS.values(), key=lambda c: (groups.index(c.group), order.get(c.kind, 99), str(c.kind)))


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


def _sends(cls: type[Step], channel: str) -> bool:
    return channel in {over for _setting, over, _pk in cls.messages({})}


def _leaves() -> list[dict[str, Any]]:
    since = [
        ("", _("at any time")),
        ("entry", _("since entry")),
        ("arrival", _("since arriving here")),
        ("cause", _("what let her in")),
        ("waited", _("what she waited for")),
    ]
    return [
        *(
            {
                "leaf": leaf,
                "label": str(message.label),
                "icon": message.icon,
                "fields": {
                    leaf: {"steps": sorted(kind for kind, cls in STEPS.items() if _sends(cls, message.channel))},
                    "did": {"choices": chosen([(did, words[0]) for did, words in message.asks.items()])},
                },
            }
            for leaf, message in MESSAGES.items()
        ),
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
