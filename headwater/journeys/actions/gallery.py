"""Installing a template of the gallery: its mails, tags, segments and the journey, all editable afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from headwater.audience import actions as audience
from headwater.audience.models import Segment
from headwater.capture.models import Form
from headwater.core.ids import id_of
from headwater.messaging.actions.templates import TemplateText, create_template
from headwater.messaging.models import MailTemplate
from headwater.people.actions.labels import ensure_tags

from ..gallery import Ask, Template, filled, letters, said, templates
from ..gallery.filling import address, around, default
from ..models import Journey
from ..rules.duration import RuleError, delta
from .editing import create_journey

#: The address of a page: of the own site where it begins with a slash
_PAGE = re.compile(r"https?://[^\s\"'<>{}]+|/[^\s\"'<>{}]*")


def install(
    slug: str,
    *,
    actor: str,
    name: str = "",
    choices: Mapping[str, Any] | None = None,
    language: str | None = None,
    pace: float = 1.0,
) -> Journey:
    """Make a draft from a template.

    choices: what the template asks for ({"form": 3}); left out, the form whose name fits best or the template's own
    default. language: of its texts and mails ("en", "ko", "zh-hans"; None: the active one). pace: all waits are
    multiplied by it (the demo lives its days in minutes). Raises RuleError, with the choice it is about as `where`.
    """
    template = templates().get(slug)
    if template is None:
        raise RuleError(_("There is no such template."), "template")
    with translation.override(language or translation.get_language() or "en"), transaction.atomic():
        values = _choices(template, choices or {})
        ensure_tags([*template.tags, *(values[a.key] for a in template.asks if a.kind == "tag")])
        named = name.strip() or _free_name(str(template.name), Journey.objects.values_list("name", flat=True))
        values |= _segments(template, actor) | _mails(template, values, actor)
        graph = said(filled(template.graph, values))
        return create_journey(
            name=named,
            description=str(template.description),
            graph=_paced(graph, pace) if pace != 1.0 else graph,
            gallery=slug,
            actor=actor,
        )


def _choices(template: Template, given: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(given) - {a.key for a in template.asks})
    if unknown:
        raise RuleError(_("This template does not ask for that."), unknown[0])
    values: dict[str, Any] = {}
    for ask in template.asks:
        found = _choice(ask, given.get(ask.key))
        values |= around(ask.key, found) if ask.kind == "date" else {ask.key: found}
    return values


def _choice(ask: Ask, given: Any) -> Any:
    """The value of one choice. A form is one of ours, or "any"."""
    text = str(given or "").strip() or (default(ask) if ask.kind != "form" else "")
    if ask.kind == "tag":
        return text[:60]
    if ask.kind == "link":
        if not _PAGE.fullmatch(text):
            raise RuleError(_("An address looks like /page or https://example.com/page."), ask.key)
        return text
    if ask.kind == "date":
        try:
            around(ask.key, text)
        except (ValueError, OverflowError) as error:
            raise RuleError(_("A date looks like 2026-12-31."), ask.key) from error
        return text
    if not text:
        return suggested_form(ask.hint)
    if text == "any":
        return "any"
    found = Form.objects.filter(pk=id_of(text) or 0).values_list("pk", flat=True).first()
    if found is None:
        raise RuleError(_("There is no such form."), ask.key)
    return found


def suggested_form(hints: Iterable[str]) -> Any:
    """The form whose name or slug has the earliest hint; the only form there is; else "any"."""
    forms = list(Form.objects.filter(active=True).order_by("pk").values_list("pk", "name", "slug"))
    for hint in hints:
        for pk, name, slug in forms:
            if hint in name.lower() or hint in slug:
                return pk
    return forms[0][0] if len(forms) == 1 else "any"


def _segments(template: Template, actor: str) -> dict[str, Any]:
    """Make the segments that are not there. {"segment:KEY": id}."""
    out = {}
    for key, name, definition in template.segments:
        there = Segment.objects.filter(key=key).values_list("pk", flat=True).first()
        if there is None:
            there = audience.create_segment(name=str(name), definition=dict(definition), actor=actor, key=key).pk
        out[f"segment:{key}"] = int(there)
    return out


def _mails(template: Template, values: Mapping[str, Any], actor: str) -> dict[str, Any]:
    """Make the mails, each under a name of its own. {"mail:KEY": id}."""
    links = {a.key: address(values[a.key]) for a in template.asks if a.kind == "link"}
    texts = letters(template.slug, translation.get_language() or "en")
    names = set(MailTemplate.objects.filter(archived_at=None).values_list("name", flat=True))
    out = {}
    for mail in template.mails:
        letter = texts[mail.key]
        says = TemplateText(subject=letter.subject, preview=letter.preview, mjml=letter.mjml(links))
        name = _free_name(str(mail.name), names)
        out[f"mail:{mail.key}"] = create_template(name=name, says=says, actor=actor, purpose=mail.purpose).pk
    return out


def _paced(node: Any, pace: float) -> Any:
    if isinstance(node, dict):
        if set(node) == {"amount", "unit"}:
            return {"amount": max(1, round(delta(node).total_seconds() * pace)), "unit": "seconds"}
        return {key: _paced(value, pace) for key, value in node.items() if not (key == "at" and ":" in str(value))}
    return [_paced(item, pace) for item in node] if isinstance(node, list) else node


def _free_name(name: str, names: Iterable[str]) -> str:
    taken, number, free = set(names), 2, name
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free
