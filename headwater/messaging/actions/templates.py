"""Writing templates. Each change of what a template says is a new version, compiled once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db import transaction

from headwater.content.rules import TemplateProblem, compile_mail, tags
from headwater.core import clock

from ..models import MailTemplate, Purpose, TemplateVersion, TrackedLink
from ..registry import Use, uses
from ..rules.compose import FOOTER, TEXT_FOOTER


@dataclass(frozen=True, slots=True)
class TemplateText:
    """What a template says. text_override: the text part written by hand ("": derived from the HTML)."""

    subject: str
    mjml: str
    preview: str = ""
    text_override: str = ""
    from_name: str = ""
    from_address: str = ""
    reply_to: str = ""


@transaction.atomic
def create_template(
    *, name: str, says: TemplateText, actor: str, purpose: str = Purpose.MARKETING, slug: str = ""
) -> MailTemplate:
    """Make a template with its first version. Raises TemplateProblem where it does not compile."""
    now = clock.now()
    template = MailTemplate.objects.create(
        name=name.strip(), purpose=purpose, slug=slug, version=1, created_at=now, updated_at=now
    )
    _write_version(template, 1, says, actor)
    return template


@transaction.atomic
def update_template(
    template_id: int,
    *,
    name: str | None = None,
    purpose: str | None = None,
    says: TemplateText | None = None,
    actor: str,
) -> MailTemplate:
    """Change a template. Mails that are queued already keep the version they were queued with. Raises
    MailTemplate.DoesNotExist, and TemplateProblem where the new text does not compile."""
    template = MailTemplate.objects.select_for_update().get(pk=template_id)
    if name is not None:
        template.name = name.strip()
    if purpose is not None:
        template.purpose = purpose
    if says is not None and not _says(template, says):
        template.version += 1
        _write_version(template, template.version, says, actor)
    template.updated_at = clock.now()
    template.save()
    return template


class InUse(Exception):
    """Something sends the template now. `uses`: what."""

    def __init__(self, found: Sequence[Use]) -> None:
        self.uses = list(found)
        super().__init__(", ".join(use.name for use in found))


@transaction.atomic
def archive_template(template_id: int, *, actor: str) -> None:
    """Take a template out of use; its mails stay in the ledger. Raises MailTemplate.DoesNotExist, and InUse where
    something sends it now."""
    template = MailTemplate.objects.select_for_update().get(pk=template_id)
    if running := [use for use in uses([template_id])[template_id] if use.running]:
        raise InUse(running)
    template.archived_at = clock.now()
    template.save(update_fields=["archived_at"])


@transaction.atomic
def restore_template(template_id: int, *, actor: str) -> MailTemplate:
    """Bring an archived template back into use, as it was. Raises MailTemplate.DoesNotExist."""
    template = MailTemplate.objects.select_for_update().get(pk=template_id)
    if template.archived_at is not None:
        template.archived_at = None
        template.save(update_fields=["archived_at"])
    return template


@transaction.atomic
def copy_template(template_id: int, *, name: str, actor: str) -> MailTemplate:
    """A new template that says the same. Raises MailTemplate.DoesNotExist."""
    template = MailTemplate.objects.get(pk=template_id)
    row = TemplateVersion.objects.get(template=template, version=template.version)
    says = TemplateText(**{f: getattr(row, f) for f in TemplateText.__dataclass_fields__})
    return create_template(name=name, says=says, actor=actor, purpose=template.purpose)


def _says(template: MailTemplate, says: TemplateText) -> bool:
    """Whether its newest version says this already."""
    return TemplateVersion.objects.filter(template=template, version=template.version, **asdict(says)).exists()


def _write_version(template: MailTemplate, version: int, says: TemplateText, actor: str) -> TemplateVersion:
    for part in (says.subject, says.preview, says.text_override):
        tags(part)  # raises TemplateProblem for a tag that is not closed
    own_link = "unsubscribe_url" in says.mjml
    made = compile_mail(
        says.mjml,
        preview=says.preview,
        footer="" if own_link else FOOTER,
        link_id=lambda url: _link(template, url),
        pixel=True,
    )
    text = made.text
    if says.text_override.strip():
        text = says.text_override.replace("\r\n", "\n")
        if "unsubscribe_url" not in text:
            text += TEXT_FOOTER
    for part in (made.html, text):
        tags(part)
    return TemplateVersion.objects.create(
        template=template,
        version=version,
        html=made.html,
        text=text,
        actor=actor,
        created_at=clock.now(),
        **asdict(says),
    )


def _link(template: MailTemplate, url: str) -> int:
    digest = hashlib.sha256(url.encode()).hexdigest()
    link, _ = TrackedLink.objects.get_or_create(template=template, digest=digest, defaults={"url": url})
    return int(link.pk)


__all__ = ["TemplateProblem", "TemplateText", "archive_template", "copy_template", "create_template", "update_template"]
