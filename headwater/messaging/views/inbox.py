"""The demo's inbox: what the embedded SMTP server received, as the person would see it."""

from __future__ import annotations

import email
import html
import json
import logging
import re
import uuid
from email import policy
from email.message import EmailMessage

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from headwater.content.queries import workspace_context

from ..actions.caught import mark_seen
from ..channels import http, textcatcher
from ..models import CaughtMail
from ..queries import ledger
from ..queries.links import inbound_url
from ..rules.pushing import Shown
from .frames import mail_frame

log = logging.getLogger("headwater.inbox")
TABS = ("html", "text", "headers", "source")
_LINK = re.compile(r"(https?://[^\s<>\"]+)")


def _closed(request: HttpRequest) -> HttpResponse | None:
    """Only a demo shows its mail to everybody; elsewhere one signs in."""
    if request.user.is_authenticated or workspace_context()["is_demo"]:
        return None
    return redirect_to_login(request.get_full_path())


def _mail(caught_id: int) -> tuple[CaughtMail, EmailMessage]:
    row = ledger.caught(caught_id)
    if row is None:
        raise Http404
    return row, email.message_from_bytes(bytes(row.raw), policy=policy.default)


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()) if body is not None else ""


@login_not_required
@require_safe
def inbox(request: HttpRequest, caught_id: int | None = None) -> HttpResponse:
    """The list, and beside it one mail: ?tab=html, text, headers or source."""
    if closed := _closed(request):
        return closed
    rows = ledger.inbox()
    context: dict[str, object] = {"rows": rows, "workspace": workspace_context(), "tabs": TABS}
    if request.GET.get("part") == "list":
        return render(request, "messaging/inbox_body.html#list", {**context, "current": caught_id})
    if caught_id is not None:
        row, message = _mail(caught_id)
        mark_seen(row.pk)
    if caught_id is not None and row.channel == "sms":
        words = bytes(row.raw).decode("utf-8", "replace")
        context |= {"current": row.pk, "mail": row, "text": _linked(words), "answered": "answered" in request.GET}
        if "unanswered" in request.GET:
            context["answer_problem"] = _("The answer did not get through: is the address of this installation right?")
    elif caught_id is not None and row.channel == "push":
        said = json.loads(bytes(row.raw))
        note = Shown(*(str(said.get(key, "")) for key in ("t", "b", "u", "i", "m")))
        context |= {"current": row.pk, "mail": row, "note": note, "host": _host()}
    elif caught_id is not None:
        tab = request.GET.get("tab", "html")
        context |= {
            "current": row.pk,
            "mail": row,
            "tab": tab if tab in TABS else "html",
            "sender": str(message["From"] or row.mail_from),
            "headers": [(name, str(value)) for name, value in message.items()],
            "text": _linked(_part(message, "plain")) if tab == "text" else "",
            "source": bytes(row.raw).decode("utf-8", "replace") if tab == "source" else "",
            "one_click": "List-Unsubscribe-Post" in message,
        }
    page = "messaging/inbox.html" if request.user.is_authenticated else "messaging/inbox_public.html"
    return render(request, page, context)


@login_not_required
@require_POST
def answer(request: HttpRequest, caught_id: int) -> HttpResponse:
    """Answer a text as whoever got it would: the demo's provider calls us, as a real one does."""
    if closed := _closed(request):
        return closed
    row = _mail(caught_id)[0]
    home = str(workspace_context()["base_url"])
    said = {
        "MessageSid": f"SM{uuid.uuid4().hex}",
        "AccountSid": textcatcher.ACCOUNT,
        "From": row.rcpt_to,
        "To": row.mail_from,
        "Body": request.POST.get("text", "")[:300],
    }
    where = reverse("messaging:inbox_mail", args=[row.pk])
    try:
        textcatcher.call(inbound_url(home), said)
    except (OSError, http.Refused) as error:
        log.warning("answer_not_told", extra={"why": str(error)})
        return redirect(f"{where}?unanswered=1")
    return redirect(f"{where}?answered=1")


@login_not_required
@require_safe
def body(request: HttpRequest, caught_id: int) -> HttpResponse:
    """The HTML part alone, for the frame; links open in a new tab."""
    if closed := _closed(request):
        return closed
    _, message = _mail(caught_id)
    page = _part(message, "html") or f"<pre>{html.escape(_part(message, 'plain'))}</pre>"
    return mail_frame(page.replace("<head>", '<head><base target="_blank">', 1))


def _host() -> str:
    return str(workspace_context().get("website") or "").partition("//")[2].strip("/")


def _linked(text: str) -> str:
    """Plain text as HTML with its addresses as links."""
    return _LINK.sub(r'<a class="lnk" href="\1" target="_blank" rel="noopener">\1</a>', html.escape(text, quote=False))
