"""Journeys as JSON: written with their mails, tags and segments, and read again, here or in another installation.

A file is read as often as one likes: what is there already (a mail of the same name that says the same, a segment of
the same key, a journey of the same name with the same graph) is used and not made again.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from headwater.audience import actions as audience
from headwater.audience.compiler import ConditionError
from headwater.audience.models import Segment
from headwater.capture.models import Form
from headwater.content.rules import TemplateProblem
from headwater.core.plain import flaw
from headwater.messaging.actions.templates import (
    PushText,
    SmsText,
    TemplateText,
    create_template,
    says_of,
)
from headwater.messaging.models import MailTemplate, TemplateVersion
from headwater.sales.models import PipelineStage
from headwater.service.models import TicketQueue

from ..engine import rulebook
from ..engine.base import STEPS
from ..engine.checking import check_parts, check_shape
from ..models import Journey
from ..rules.duration import RuleError
from .editing import create_journey

FORMAT = "headwater.journey/1"
TEXTS = ("subject", "preview", "mjml", "text_override", "from_name", "from_address", "reply_to")
#: Characters of a name
LONGEST = {"mails": 160, "texts": 160, "pushes": 160, "segments": 120}
#: Of a push message, and how many characters each may have
PARTS = {"title": 300, "body": 1000, "link": 2000, "icon": 2000, "image": 2000}


def export_journey(journey_id: int) -> dict[str, Any]:
    """The draft as JSON that `import_journey` reads. Raises Journey.DoesNotExist."""
    journey = Journey.objects.get(pk=journey_id)
    out: dict[str, Any] = {
        "format": FORMAT, "name": journey.name, "description": journey.description, "mails": {}, "texts": {},
        "pushes": {}, "segments": {},
    }  # fmt: skip

    def named(source: str, value: Any, place: str) -> Any:
        return _name(source, value, out)

    out["graph"] = _mapped(journey.draft, named)
    for key in _segments_in(journey.draft):
        _take(key, out["segments"])
    return out


def _segments_in(node: Any) -> Iterator[str]:
    """The keys of the segments that conditions ask for, anywhere in a graph or in a segment's own condition."""
    parts = node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
    if isinstance(node, Mapping) and isinstance(node.get("segment"), str):
        yield node["segment"]
    for part in parts:
        yield from _segments_in(part)


def _take(key: str, out: dict[str, Any]) -> None:
    """Take a segment along, behind those that its condition asks for."""
    segment = Segment.objects.filter(key=key).first() if key not in out else None
    if segment is not None:
        definition = segment.definition if segment.pending is None else segment.pending
        for inner in _segments_in(definition):
            if inner != key:
                _take(inner, out)
        out[key] = {"name": segment.name, "definition": definition}


def import_journey(data: Any, *, actor: str, name: str = "") -> tuple[Journey, bool]:
    """Make a draft of what `export_journey` wrote. Returns the journey, and whether it is new. Raises RuleError with
    the path in the file ("mails.welcome.mjml")."""
    _check(data)
    with transaction.atomic():
        mails = {key: _mail(key, mail, actor) for key, mail in (data.get("mails") or {}).items()}
        mails |= {key: _text(key, text, actor) for key, text in (data.get("texts") or {}).items()}
        mails |= {key: _push(key, push, actor) for key, push in (data.get("pushes") or {}).items()}
        given = data.get("segments") or {}
        segments = {key: _segment(key, given[key], actor) for key in _in_order(given)}

        def found(source: str, value: Any, place: str) -> Any:
            return _found(source, value, place, mails, segments)

        graph = _mapped(data["graph"], found)
        wanted = (name or data["name"]).strip()
        same = next((j for j in Journey.objects.filter(name=wanted).order_by("pk") if j.draft == graph), None)
        if same is not None:
            return same, False
        made = create_journey(name=wanted, description=data.get("description") or "", graph=graph, actor=actor)
        return made, True


def _check(data: Any) -> None:
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise RuleError(_("A journey's file says “%(format)s”."), "format", format=FORMAT)
    if not isinstance(data.get("name"), str) or not data["name"].strip():
        raise RuleError(_("Give the journey a name."), "name")
    if found := flaw(data):
        raise RuleError(_("A text, a number or so deep a nesting cannot be kept."), found[0].lstrip("."))
    if not isinstance(data.get("description") or "", str):
        raise RuleError(_("This must be text."), "description")
    for part in LONGEST:
        if not isinstance(data.get(part) or {}, Mapping):
            raise RuleError(_("This is a JSON object."), part)
        for key, one in (data.get(part) or {}).items():
            if not isinstance(one, Mapping) or not isinstance(one.get("name"), str) or not one["name"]:
                raise RuleError(_("It needs a name."), f"{part}.{key}.name")
            if len(one["name"]) > LONGEST[part]:
                raise RuleError(_("At most %(n)s characters."), f"{part}.{key}.name", n=LONGEST[part])
            if part == "segments" and not re.fullmatch("[-a-zA-Z0-9_]{1,60}", key):
                raise RuleError(_("A key is made of letters, digits and dashes, 60 at most."), f"{part}.{key}")
    try:
        check_shape(data.get("graph"))
        check_parts(data["graph"])
    except RuleError as error:
        raise RuleError(error.message, f"graph.{error.where}" if error.where else "graph") from error


def _mapped(graph: Mapping[str, Any], change: Callable[[str, Any, str], Any]) -> dict[str, Any]:
    """A copy of the graph with every reference to a record of ours changed."""
    out = copy.deepcopy(dict(graph))
    for key, step in (out.get("steps") or {}).items():
        kind = STEPS.get(step.get("kind", ""))
        for f in kind.fields if kind else ():
            value = (step.get("settings") or {}).get(f.name)
            if f.type == "reference" and value not in (None, "", "any"):
                step["settings"][f.name] = change(f.source, value, f"graph.steps.{key}.{f.name}")
    rules = [(f"{part}.{n}", rule) for part in ("entry", "exits") for n, rule in enumerate(out.get(part) or [])]
    for place, rule in [*rules, *([("goal", out["goal"])] if out.get("goal") else [])]:
        known = rulebook.KINDS.get(rule.get("kind", ""))
        for f in known.fields if known else ():
            value = rule.get(f.name)
            if f.type == "reference" and value not in (None, "", "any"):
                rule[f.name] = change(f.source, value, f"graph.{place}.{f.name}")
    return out


def _name(source: str, value: Any, out: dict[str, Any]) -> Any:
    """What a record of ours is called in a file; mails and segments go along."""
    if source == "templates":
        template = MailTemplate.objects.filter(pk=value, channel="email").first()
        said = template and TemplateVersion.objects.filter(template=template, version=template.version).first()
        if template is None or said is None:
            return None
        key = f"mail-{value}"
        texts = {text: getattr(said, text) for text in TEXTS}
        out["mails"][key] = {"name": template.name, "purpose": template.purpose, **texts}
        return key
    if source == "texts":
        row = TemplateVersion.objects.select_related("template").filter(
            template_id=value, template__channel="sms", version=F("template__version")
        )
        text = row.first()
        if text is None:
            return None
        out["texts"][f"text-{value}"] = {
            "name": text.template.name, "purpose": text.template.purpose, "body": text.text_override,
            "sender": text.from_name, "opt_out": text.opt_out,
        }  # fmt: skip
        return f"text-{value}"
    if source == "pushes":
        return _push_out(value, out)
    if source == "segments":
        segment = Segment.objects.filter(pk=value).first()
        if segment is None:
            return None
        _take(segment.key, out["segments"])
        return segment.key
    if source == "stages":
        stage = PipelineStage.objects.select_related("pipeline").filter(pk=value).first()
        return f"{stage.pipeline.name}/{stage.name}" if stage else None
    if source == "forms":
        return Form.objects.filter(pk=value).values_list("slug", flat=True).first()
    if source == "queues":
        return TicketQueue.objects.filter(pk=value).values_list("name", flat=True).first()
    if source == "journeys":
        return Journey.objects.filter(pk=value).values_list("name", flat=True).first()
    return None  # colleagues are not the same elsewhere: the step asks for one


def _found(source: str, value: Any, place: str, mails: Mapping[str, int], segments: Mapping[str, int]) -> Any:
    """The record of ours that a name in a file means; what is not here is left open, for the editor to ask."""
    if source in ("templates", "texts", "pushes"):
        if not isinstance(value, str) or value not in mails:
            raise RuleError(_("The file has no mail “%(mail)s”."), place, mail=value)
        return mails[value]
    if source == "segments":
        if not isinstance(value, str) or value not in segments:
            raise RuleError(_("The file has no segment “%(segment)s”."), place, segment=value)
        return segments[value]
    if source == "stages":
        pipeline, _slash, stage = str(value).partition("/")
        rows = PipelineStage.objects.filter(pipeline__name=pipeline, name=stage)
        return rows.values_list("pk", flat=True).first()
    if source == "forms":
        return Form.objects.filter(slug=str(value)).values_list("pk", flat=True).first()
    if source == "queues":
        return TicketQueue.objects.filter(name=str(value)).values_list("pk", flat=True).first()
    if source == "journeys":
        return Journey.objects.filter(name=str(value)).values_list("pk", flat=True).first()
    return None


def _mail(key: str, mail: Mapping[str, Any], actor: str) -> int:
    texts = {text: str(mail.get(text) or "") for text in TEXTS}
    purpose = mail.get("purpose") or "marketing"
    if purpose not in ("marketing", "transactional"):
        raise RuleError(_("The purpose is marketing or transactional."), f"mails.{key}.purpose")
    for template in MailTemplate.objects.filter(
        name=mail["name"], channel="email", archived_at=None, purpose=purpose
    ).order_by("pk"):
        if TemplateVersion.objects.filter(template=template, version=template.version, **texts).exists():
            return template.pk
    try:
        return create_template(name=mail["name"], says=TemplateText(**texts), actor=actor, purpose=purpose).pk
    except TemplateProblem as problem:
        raise RuleError(str(problem), f"mails.{key}.mjml") from problem


def _text(key: str, text: Mapping[str, Any], actor: str) -> int:
    says = SmsText(*(str(text.get(part) or "") for part in ("body", "sender", "opt_out")))
    purpose = text.get("purpose") or "marketing"
    if purpose not in ("marketing", "transactional"):
        raise RuleError(_("The purpose is marketing or transactional."), f"texts.{key}.purpose")
    if not says.body.strip() or len(says.body) > 5000 or len(says.sender) > 20 or len(says.opt_out) > 160:
        raise RuleError(_("A text has 1 to 5,000 characters, a sender 20 and a last line 160 at most."), f"texts.{key}")
    there = MailTemplate.objects.filter(name=text["name"], channel="sms", archived_at=None, purpose=purpose)
    for template in there.order_by("pk"):
        row = TemplateVersion.objects.select_related("template").get(template=template, version=template.version)
        if says_of(row) == says:
            return template.pk
    try:
        return create_template(name=text["name"], says=says, actor=actor, purpose=purpose).pk
    except TemplateProblem as problem:
        raise RuleError(str(problem), f"texts.{key}.body") from problem


def _push_out(value: Any, out: dict[str, Any]) -> str | None:
    rows = TemplateVersion.objects.select_related("template")
    row = rows.filter(template_id=value, template__channel="push", version=F("template__version")).first()
    says = says_of(row) if row else None
    if row is None or not isinstance(says, PushText):
        return None
    words = {part: getattr(says, part) for part in PARTS}
    out["pushes"][f"push-{value}"] = {"name": row.template.name, "purpose": row.template.purpose, **words}
    return f"push-{value}"


def _push(key: str, push: Mapping[str, Any], actor: str) -> int:
    says = PushText(**{part: str(push.get(part) or "") for part in PARTS})
    purpose = push.get("purpose") or "marketing"
    if purpose not in ("marketing", "transactional"):
        raise RuleError(_("The purpose is marketing or transactional."), f"pushes.{key}.purpose")
    for part, most in PARTS.items():
        if len(getattr(says, part)) > most:
            raise RuleError(_("At most %(n)s characters."), f"pushes.{key}.{part}", n=most)
    if not says.title.strip():
        raise RuleError(_("A push message has a title."), f"pushes.{key}.title")
    there = MailTemplate.objects.filter(name=push["name"], channel="push", archived_at=None, purpose=purpose)
    for template in there.order_by("pk"):
        row = TemplateVersion.objects.select_related("template").get(template=template, version=template.version)
        if says_of(row) == says:
            return template.pk
    try:
        return create_template(name=push["name"], says=says, actor=actor, purpose=purpose).pk
    except TemplateProblem as problem:
        raise RuleError(str(problem), f"pushes.{key}.body") from problem


def _in_order(given: Mapping[str, Any]) -> list[str]:
    """The keys of a file's segments, those that others ask for before these."""
    order: dict[str, None] = {}

    def put(key: str, above: tuple[str, ...]) -> None:
        for inner in _segments_in(given[key].get("definition")):
            if inner in given and inner not in order and inner not in above:
                put(inner, (*above, inner))
        order.setdefault(key)

    for key in given:
        put(key, (key,))
    return list(order)


def _segment(key: str, segment: Mapping[str, Any], actor: str) -> int:
    there = Segment.objects.filter(key=key).values_list("pk", flat=True).first()
    if there is not None:
        return int(there)
    try:
        made = audience.create_segment(
            name=segment["name"], definition=segment.get("definition") or {}, actor=actor, key=key
        )
    except ConditionError as error:
        raise RuleError(str(error), f"segments.{key}.definition") from error
    return made.pk
