"""A mail as one person would get it."""

from __future__ import annotations

from headwater.content.rules import TemplateProblem
from headwater.messaging.actions import says_of
from headwater.messaging.models import MailTemplate, TemplateVersion
from headwater.messaging.queries.preview import preview, preview_push, preview_text

from .base import Mail


def mail_for(template_id: int, person_id: int) -> Mail | None:
    """A mail as that person would get it; None where there is none, or it cannot be made."""
    row = MailTemplate.objects.filter(pk=template_id).first()
    says = TemplateVersion.objects.filter(template=row, version=row.version).first() if row else None
    if row is None or says is None:
        return None
    try:
        if row.channel == "sms":
            text = preview_text(body=says.text_override, opt_out=says.opt_out, purpose=row.purpose, person_id=person_id)
            return Mail(template_id, text.words, "", text.words, list(text.missing), "sms")
        if row.channel == "push":
            push = preview_push(says_of(says), purpose=row.purpose, person_id=person_id)
            words = f"{push.shown.title}\n{push.shown.body}".strip()
            return Mail(template_id, push.shown.title, "", words, list(push.missing), "push")
        made = preview(
            subject=says.subject,
            preview=says.preview,
            mjml=says.mjml,
            text_override=says.text_override,
            purpose=row.purpose,
            person_id=person_id,
        )
    except TemplateProblem:
        return None
    return Mail(template_id, made.subject, made.html, made.text, list(made.missing))
