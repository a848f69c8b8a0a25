"""Replies as mails: the template that carries them, and the way into messaging's ledger."""

from __future__ import annotations

from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from headwater.accounts.models import User, Workspace
from headwater.core.actors import user_id
from headwater.messaging import actions as messaging
from headwater.messaging.actions import MailRequest, TemplateText
from headwater.messaging.models import MailTemplate
from headwater.teamwork.rules import note_html

from ..models import Ticket, TicketEntry

SLUG = "ticket-reply"
_LOCK = 7_201_114
_MJML = """\
<mjml>
  <mj-head>
    <mj-attributes>
      <mj-all font-family="Inter, Helvetica, Arial, sans-serif" />
      <mj-text font-size="15px" line-height="1.6" color="#1f2430" />
    </mj-attributes>
  </mj-head>
  <mj-body background-color="#f4f5f8">
    <mj-section background-color="#ffffff" padding="24px 12px">
      <mj-column>
        <mj-text font-size="13px" color="#6a7183">
          {{ extra.number | default("T-1001") }} · {{ extra.subject | default("…") }}
        </mj-text>
        <mj-text>HELLO</mj-text>
        <mj-text>{{ extra.html | default("…") | rich }}</mj-text>
        <mj-text>{{ extra.author | default(workspace.name) }}<br />{{ workspace.name }}</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""
_TEXT = """\
{{ extra.number | default("T-1001") }} · {{ extra.subject | default("…") }}

HELLO

{{ extra.text | default("…") }}

{{ extra.author | default(workspace.name) }}
{{ workspace.name }}
"""


def ensure_template() -> int:
    """The id of the template that carries replies, made where there is none. Safe to run at the same time."""
    found = _template()
    if found is not None:
        return found
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        return _template() or _make()


def _template() -> int | None:
    rows = MailTemplate.objects.filter(slug=SLUG, archived_at=None).order_by("pk")
    return rows.values_list("pk", flat=True).first()


def _make() -> int:
    language = Workspace.objects.values_list("language", flat=True).filter(pk=1).first() or "en"
    with translation.override(language):
        name = "contact.name" if language in ("ko", "zh-hans") else "contact.first_name"
        named = pgettext("mail", "Hello %(name)s,") % {"name": f"{{{{ {name} }}}}"}
        hello = f"{{% if {name} %}}{named}{{% else %}}{pgettext('mail', 'Hello,')}{{% endif %}}"
        made = messaging.create_template(
            name=_("Reply to a ticket"),
            says=TemplateText(
                subject='[{{ extra.number | default("T-1001") }}] {{ extra.subject | default("…") }}',
                mjml=_MJML.replace("HELLO", hello),
                text_override=_TEXT.replace("HELLO", hello),
            ),
            actor="system",
            purpose="transactional",
            slug=SLUG,
        )
    return made.pk


def send(ticket: Ticket, entry: TicketEntry, *, actor: str) -> None:
    """Queue the mail of a reply and note on the entry (which is not saved) what became of it: `message_id` and
    `refused`. The ticket has a contact, whose lane is held."""
    assert ticket.contact_id is not None
    entry.tries += 1
    (outcome,) = messaging.queue(
        [
            MailRequest(
                person_id=ticket.contact_id,
                template_id=ensure_template(),
                key=f"ticket:{ticket.pk}:{entry.pk}:{entry.tries}",
                actor=actor,
                purpose="transactional",
                context={
                    "extra": {
                        "number": ticket.number,
                        "subject": ticket.subject,
                        "text": entry.text,
                        "html": note_html(entry.text),
                        "author": author_of(actor),
                    }
                },
            )
        ]
    )
    entry.message_id, entry.refused = outcome.message_id, outcome.refused or ""


def author_of(actor: str) -> str:
    """Who signs a reply: the colleague; "" where it was no colleague."""
    pk = user_id(actor)
    user = User.objects.filter(pk=pk).first() if pk is not None else None
    return user.name if user is not None else ""
