"""The outbox and ledger: every mail with its fate, every refusal with its reason."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from headwater.accounts.access import has_role
from headwater.accounts.models import Role
from headwater.core.config import config
from headwater.core.facts import KINDS
from headwater.core.ids import id_of
from headwater.people import feed
from headwater.people import queries as people
from headwater.timeline import queries as timeline

from .. import delivery, queries, texts
from ..models import Channel, Message, Status
from ..queries import ledger
from .frames import mail_frame
from .words import HUES, reason

_DID = ("opened", "clicked", "delivered", "replied", "unsubscribed")  # "sent" is a status, too


@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """Messages, newest first: ?status= &template= &person= &did= &since= &before="""
    chosen = {k: request.GET.get(k, "") for k in ("status", "channel", "template", "person", "did", "since")}
    since = _moment(chosen["since"])
    template = id_of(chosen["template"])
    person = id_of(chosen["person"])
    try:
        lines = ledger.ledger(
            status=chosen["status"] if chosen["status"] in Status.values else "",
            channel=chosen["channel"] if chosen["channel"] in Channel.values else "",
            template_id=template,
            person_id=person,
            did=chosen["did"],
            since=since,
            before=request.GET.get("before", ""),
            until=request.GET.get("until", ""),
        )
    except ValueError:
        raise Http404 from None
    filters = {k: v for k, v in chosen.items() if v and (k != "since" or since)}
    following = ""
    if len(lines) >= ledger.PAGE:
        following = f"{reverse('messaging:outbox')}?{urlencode({**filters, 'before': lines[-1].cursor})}"
    until = lines[-1].cursor if lines else ""
    context: dict[str, Any] = {"rows": shown(lines), "next_url": following, "filters": filters, "until": until}
    if request.GET.get("before") and request.headers.get("HX-Request"):
        return render(request, "messaging/outbox.html#rows", context)
    context |= {
        "statuses": [(value, label, _link(filters, status=value)) for value, label in Status.choices],
        "channels": [(v, label, _link(filters, channel=v)) for v, label in (("", _("All channels")), *Channel.choices)],
        "dids": [(d, _link(filters, did=d)) for d in _DID],
        "all_link": _link(filters, status="", did=""),
        "templates": queries.templates(),
        "chosen": chosen,
        "person": people.contacts([person]).get(person) if person else None,
        "no_server": not delivery.server_url(),
        "texts_wait": ledger.texts_waiting() if not config.sms_url and not _texts_go() else 0,
        "demo": not config.smtp_url and bool(delivery.server_url()),
        "waiting": ledger.waiting(),
        "numbers": _numbers(template, since),
        "since": since,
        "any_time": _link(filters, since=""),
        "can_edit": has_role(request.user, Role.MARKETER),
    }
    return render(request, "messaging/outbox.html", context)


@require_safe
def mail(request: HttpRequest, person_id: int, message_id: UUID) -> HttpResponse:
    """One mail with its whole fate."""
    row = _message(person_id, message_id)
    kinds = [kind for kind in KINDS if kind.startswith(("mail.", "sms.", "push."))]
    entries = timeline.read(person_id, kinds=kinds, limit=200, quiet=True)
    line, note = shown(ledger.lines([row]))[0], ledger.as_shown(row) if row.channel == "push" else None
    context = {
        "line": line,
        "row": row,
        "asked_by": feed.names_of_actors([row.actor]).get(row.actor, row.actor),
        "has_body": (sent := ledger.as_sent(row)) is not None and row.channel == "email",
        "note": note,
        "host": urlsplit(note.link).hostname if note else "",
        "text": sent[2] if sent and row.channel == "sms" else "",
        "fate": [e for e in reversed(entries) if e.data.get("message") == str(message_id)],
    }
    return render(request, "messaging/mail.html", context)


@require_safe
def mail_body(request: HttpRequest, person_id: int, message_id: UUID) -> HttpResponse:
    """Its HTML for the frame; looking at it here counts as nobody's click."""
    sent = ledger.as_sent(_message(person_id, message_id))
    if sent is None:
        raise Http404
    return mail_frame(sent[1].replace("<head>", '<head><base target="_blank">', 1))


def shown(lines: list[ledger.Line]) -> list[dict[str, Any]]:
    """Lines as the templates show them."""
    return [
        {
            "m": line.message,
            "person": line.person_name,
            "template": line.template_name,
            "status": _status(line.message),
            "hue": HUES.get(line.message.status, 265),
            "why": reason(line.message.reason) if line.message.reason else line.message.error,
            "url": reverse("messaging:mail", args=[line.message.person_id, line.message.id]),
        }
        for line in lines
    ]


def _status(row: Message) -> str:
    """What became of it, in one word: what was sent and arrived is said to have arrived."""
    if row.delivered_at is None:
        return str(row.get_status_display())
    return _("Shown") if row.channel == "push" else _("Delivered")


def _texts_go() -> bool:
    try:
        return texts.provider() is not None
    except ValueError:
        return False


def _message(person_id: int, message_id: UUID) -> Message:
    row = ledger.message(person_id, message_id)
    if row is None:
        raise Http404
    return row


def _link(filters: dict[str, str], **changes: str) -> str:
    wanted = {k: v for k, v in {**filters, **changes}.items() if v}
    return f"?{urlencode(wanted)}" if wanted else reverse("messaging:outbox")


def _numbers(template_id: int | None, since: datetime | None) -> queries.Results | None:
    if template_id is None:
        return None
    return queries.results([template_id], since).get(template_id, queries.Results())


def _moment(text: str) -> datetime | None:
    """An ISO time with a zone; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
