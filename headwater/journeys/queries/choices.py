"""What the editor offers to choose from, a source at a time: `find("templates", "welc")`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from headwater.accounts.models import User
from headwater.audience.compiler.words import kind_label
from headwater.audience.models import ScoreModel, Segment, Topic
from headwater.capture.models import Asset, Form
from headwater.core.facts import KINDS
from headwater.core.ids import id_of
from headwater.messaging.models import MailTemplate
from headwater.people.models import Tag
from headwater.sales.models import Pipeline, PipelineStage
from headwater.service.models import TicketQueue

from ..engine.fields import CONTACT_FIELDS as FIELDS
from ..engine.fields import DATE_FIELDS
from ..models import Journey

MOST = 50
Choice = dict[str, Any]
Find = Callable[[str, str], list[Choice]]


class NoSource(KeyError):
    """There is no such source."""


def find(source: str, text: str = "", of: str = "") -> list[Choice]:
    """At most 50 choices (all the kinds of event), [{"value", "label", "hint"}], whose name holds `text`. of: what the
    source depends on (the event whose properties are asked for). Raises NoSource."""
    if source not in SOURCES:
        raise NoSource(source)
    found = SOURCES[source](text.strip(), of)
    return found if source == "events" else found[:MOST]


def label_of(source: str, value: Any) -> str:
    """The name of a value that was chosen, or the value itself."""
    found = _NAMED.get(source)
    if found is None or isinstance(value, bool) or id_of(value) is None:
        return str(value)
    model, name = found
    said = model._default_manager.filter(pk=int(value)).values_list(name, flat=True).first()
    return str(said) if said is not None else str(value)


def _rows(rows: QuerySet[Any], name: str = "name", hint: str = "") -> list[Choice]:
    return [
        {"value": r.pk, "label": getattr(r, name), "hint": str(getattr(r, hint)) if hint else ""} for r in rows[:MOST]
    ]


def _templates(text: str, of: str) -> list[Choice]:
    return _messages("email", text)


def _texts(text: str, of: str) -> list[Choice]:
    return _messages("sms", text)


def _pushes(text: str, of: str) -> list[Choice]:
    return _messages("push", text)


def _messages(channel: str, text: str) -> list[Choice]:
    rows = MailTemplate.objects.filter(channel=channel, archived_at=None, name__icontains=text)
    return _rows(rows.order_by("name"), hint="purpose")


def _forms(text: str, of: str) -> list[Choice]:
    return _rows(Form.objects.filter(active=True, name__icontains=text).order_by("name"), hint="slug")


def _assets(text: str, of: str) -> list[Choice]:
    return _rows(Asset.objects.filter(active=True, name__icontains=text).order_by("name"), hint="file_name")


def _segments(text: str, of: str) -> list[Choice]:
    return _rows(Segment.objects.filter(keeper="", name__icontains=text).order_by("name"), hint="key")


def _journeys(text: str, of: str) -> list[Choice]:
    return _rows(Journey.objects.filter(name__icontains=text).order_by("name"), hint="status")


def _users(text: str, of: str) -> list[Choice]:
    named = Q(first_name__icontains=text) | Q(last_name__icontains=text) | Q(email__icontains=text)
    return _rows(User.objects.filter(named, is_active=True).order_by("first_name", "email"), hint="email")


def _tags(text: str, of: str) -> list[Choice]:
    names = Tag.objects.filter(name__icontains=text).order_by("name").values_list("name", flat=True)
    return [{"value": name, "label": name, "hint": ""} for name in names[:MOST]]


def _score_models(text: str, of: str) -> list[Choice]:
    rows = ScoreModel.objects.filter(archived_at=None, name__icontains=text).order_by("pk").values_list("key", "name")
    return [{"value": key, "label": name, "hint": key} for key, name in rows]


def _topics(text: str, of: str) -> list[Choice]:
    rows = Topic.objects.filter(name__icontains=text).order_by("name").values_list("key", "name")
    return [{"value": key, "label": name, "hint": key} for key, name in rows]


def _events(text: str, of: str) -> list[Choice]:
    found = [
        {"value": kind, "label": kind_label(kind), "hint": kind}
        for kind, cls in KINDS.items()
        if not cls.look.quiet and not kind.startswith("journey.")
    ]
    return _named(found, text)


def _props(text: str, of: str) -> list[Choice]:
    """Properties of the event `of`; whatever else an own event carries may be written by hand."""
    cls = KINDS.get(of)
    names = [f.name for f in dataclasses.fields(cls)] if cls else []  # type: ignore[arg-type]
    return _named([{"value": n, "label": n, "hint": ""} for n in names], text)


def _date_fields(text: str, of: str) -> list[Choice]:
    """Standard dates, and custom fields whose name is known; others may be written by hand (contact.custom.NAME)."""
    return _named([{"value": name, "label": str(label), "hint": name} for name, label in DATE_FIELDS.items()], text)


def _contact_fields(text: str, of: str) -> list[Choice]:
    """Standard fields that a step may set; others are custom.NAME, written by hand."""
    return _named([{"value": name, "label": str(label), "hint": name} for name, label in FIELDS.items()], text)


def _pipelines(text: str, of: str) -> list[Choice]:
    return _rows(Pipeline.objects.filter(name__icontains=text).order_by("order", "pk"))


def _stages(text: str, of: str) -> list[Choice]:
    """Stages of the pipeline `of`, or of all."""
    rows = PipelineStage.objects.filter(name__icontains=text).select_related("pipeline")
    if (pipeline := id_of(of)) is not None:
        rows = rows.filter(pipeline_id=pipeline)
    rows = rows.order_by("pipeline__order", "pipeline_id", "order", "pk")
    return [{"value": r.pk, "label": str(r.label), "hint": r.pipeline.name} for r in rows[:MOST]]


def _queues(text: str, of: str) -> list[Choice]:
    rows = TicketQueue.objects.filter(archived_at=None, name__icontains=text)
    return [{"value": r.pk, "label": str(r.label), "hint": ""} for r in rows[:MOST]]


def _channels(text: str, of: str) -> list[Choice]:
    found = [("email", _("Email")), ("sms", _("SMS")), ("push", _("Push"))]
    return _named([{"value": value, "label": label, "hint": ""} for value, label in found], text)


def _named(found: list[Choice], text: str) -> list[Choice]:
    wanted = text.lower()
    return sorted(
        (c for c in found if wanted in str(c["label"]).lower() or wanted in str(c["value"]).lower()),
        key=lambda c: str(c["label"]).lower(),
    )


SOURCES: dict[str, Find] = {
    "assets": _assets,
    "channels": _channels,
    "contact_fields": _contact_fields,
    "date_fields": _date_fields,
    "events": _events,
    "forms": _forms,
    "journeys": _journeys,
    "pipelines": _pipelines,
    "props": _props,
    "queues": _queues,
    "score_models": _score_models,
    "segments": _segments,
    "stages": _stages,
    "tags": _tags,
    "templates": _templates,
    "texts": _texts,
    "pushes": _pushes,
    "topics": _topics,
    "users": _users,
}
_NAMED: dict[str, tuple[Any, str]] = {
    "assets": (Asset, "name"),
    "forms": (Form, "name"),
    "journeys": (Journey, "name"),
    "pipelines": (Pipeline, "name"),
    "queues": (TicketQueue, "name"),
    "segments": (Segment, "name"),
    "stages": (PipelineStage, "name"),
    "templates": (MailTemplate, "name"),
    "texts": (MailTemplate, "name"),
    "pushes": (MailTemplate, "name"),
    "users": (User, "email"),
}
