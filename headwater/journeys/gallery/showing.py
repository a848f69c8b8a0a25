"""A template before it is installed: its graph with sensible values, its picture, its rules in words, its mails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from headwater.content.queries import workspace_context
from headwater.content.rules import prune, render
from headwater.messaging.queries.preview import Preview, preview

from ..queries import overview
from ..queries.versions import again
from ..queries.words import condition
from ..queries.words import said as rule_said
from .base import Template, said
from .filling import address, around, defaults, filled
from .letters import letters


def graph(template: Template) -> dict[str, Any]:
    """The graph as it would be with what is asked left as it is; mails keep their keys, segments are named."""
    values: dict[str, Any] = {}
    for key, value in defaults(template).items():
        asked = next(a for a in template.asks if a.key == key)
        values |= around(key, value) if asked.kind == "date" else {key: value}
    values |= {f"segment:{key}": name for key, name, _definition in template.segments}
    made: dict[str, Any] = said(filled(template.graph, values))
    return made


#: Whose name stands in the picture where a task names the person
SOMEBODY = {"contact": {"name": "Ada Lovelace"}, "event": {"waited": {}}}


def picture(template: Template) -> overview.Drawn:
    """The journey drawn, with its texts as they would read for somebody."""
    drawn = overview.drawn(graph(template), names=False)
    for box in drawn.boxes:
        if "{{" in box.title:
            box.title = render(box.title, SOMEBODY).strip()
    return drawn


def rules(template: Template) -> list[tuple[str, str]]:
    """Who comes in, when the way ends early, and when mails go out: [(label, words)]."""
    whole = graph(template)
    out = [(_("Comes in"), _(" or ").join(rule_said(r, names=False) for r in whole["entry"]))]
    if whole.get("only"):
        out.append((_("Only people for whom"), condition(whole["only"])))
    if whole.get("goal"):
        out.append((_("Goal"), rule_said(whole["goal"], names=False)))
    if whole.get("exits"):
        out.append((_("Ends early"), _(" or ").join(rule_said(r, names=False) for r in whole["exits"])))
    out.append((_("People may come again"), again(whole)))
    if whole.get("hours"):
        hours = whole["hours"]
        out.append((_("Hours for mails"), _("Monday to Friday") + f", {hours['from']}–{hours['to']}"))
    return out


@dataclass(frozen=True)
class Shown:
    """A mail of a template, as somebody of whom nothing is known would get it."""

    key: str
    name: str
    subject: str
    preview: str
    transactional: bool


def mails(template: Template, language: str) -> list[Shown]:
    """The mails of a template in that language, in its order."""
    texts = letters(template.slug, language)
    values = {"contact": {}, "company": {}, "owner": {}, "event": {}, "workspace": prune(workspace_context())}

    def line(text: str) -> str:
        return " ".join(render(text, values).split())

    return [
        Shown(m.key, str(m.name), line(texts[m.key].subject), line(texts[m.key].preview), m.purpose != "marketing")
        for m in template.mails
    ]


def mail(template: Template, key: str, language: str) -> Preview:
    """One mail rendered. Raises KeyError where the template has no such mail."""
    letter = letters(template.slug, language)[key]
    links = {a.key: address(str(a.default)) for a in template.asks if a.kind == "link"}
    purpose = next(m.purpose for m in template.mails if m.key == key)
    return preview(
        subject=letter.subject,
        preview=letter.preview,
        mjml=letter.mjml(links),
        text_override="",
        purpose=purpose,
        person_id=None,
    )
