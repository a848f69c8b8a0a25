"""Writing templates. Each change of what a template says is a new version, compiled once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db import transaction

from headwater.content.rules import TemplateProblem, compile_mail, tags
from headwater.core import clock

from ..models import Channel, MailTemplate, Purpose, TemplateVersion, TrackedLink
from ..registry import Use, uses
from ..rules import pushing, texting
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


@dataclass(frozen=True, slots=True)
class SmsText:
    """What a text (SMS) says. sender: a number or a name ("": the provider's own). opt_out: the line at the end of
    marketing texts."""

    body: str
    sender: str = ""
    opt_out: str = ""


@dataclass(frozen=True, slots=True)
class PushText:
    """What a push message says. link: where a click leads ("": the web site); icon ("": the browser's own) and image:
    addresses (https) of pictures. Merge tags may stand in each."""

    title: str
    body: str = ""
    link: str = ""
    icon: str = ""
    image: str = ""


#: What a template says, by its channel
Says = TemplateText | SmsText | PushText


@transaction.atomic
def create_template(
    *, name: str, says: Says, actor: str, purpose: str = Purpose.MARKETING, slug: str = ""
) -> MailTemplate:
    """Make a template with its first version; what it says decides its channel, for ever. Raises TemplateProblem where
    it does not compile."""
    now = clock.now()
    template = MailTemplate.objects.create(
        name=name.strip(),
        purpose=purpose,
        slug=slug,
        version=1,
        channel=_channel(says),
        created_at=now,
        updated_at=now,
    )
    _write_version(template, 1, says, actor)
    return template


@transaction.atomic
def update_template(
    template_id: int,
    *,
    name: str | None = None,
    purpose: str | None = None,
    says: Says | None = None,
    actor: str,
) -> MailTemplate:
    """Change a template. Mails that are queued already keep the version they were queued with. Raises
    MailTemplate.DoesNotExist (also where it is one of another channel), and TemplateProblem where the new text does not
    compile."""
    template = MailTemplate.objects.select_for_update().get(pk=template_id)
    if says is not None and template.channel != _channel(says):
        raise MailTemplate.DoesNotExist
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
    row = TemplateVersion.objects.select_related("template").get(template=template, version=template.version)
    return create_template(name=name, says=says_of(row), actor=actor, purpose=template.purpose)


def says_of(row: TemplateVersion) -> Says:
    """What a version says, as it was written."""
    if row.template.channel == Channel.PUSH:
        return PushText(row.subject, row.text_override, row.link, row.icon, row.image)
    if row.template.channel == Channel.SMS:
        return SmsText(row.text_override, row.from_name, row.opt_out)
    return TemplateText(**{f: getattr(row, f) for f in TemplateText.__dataclass_fields__})


def _channel(says: Says) -> str:
    if isinstance(says, PushText):
        return str(Channel.PUSH)
    return str(Channel.SMS if isinstance(says, SmsText) else Channel.EMAIL)


def _columns(says: Says) -> dict[str, str]:
    """What it says, by the columns of a version."""
    if isinstance(says, PushText):
        given = {name: getattr(says, name).strip() for name in ("link", "icon", "image")}
        body = says.body.replace("\r\n", "\n").strip()
        return {"subject": " ".join(says.title.split())[:300], "text_override": body, **given}
    if isinstance(says, SmsText):
        body = says.body.replace("\r\n", "\n")
        return {"text_override": body, "from_name": says.sender.strip(), "opt_out": " ".join(says.opt_out.split())}
    return asdict(says)


def _says(template: MailTemplate, says: Says) -> bool:
    """Whether its newest version says this already."""
    return TemplateVersion.objects.filter(template=template, version=template.version, **_columns(says)).exists()


def _write_version(template: MailTemplate, version: int, says: Says, actor: str) -> TemplateVersion:
    if isinstance(says, PushText):
        made = _push_parts(template, says)
    else:
        made = _text_parts(template, says) if isinstance(says, SmsText) else _mail_parts(template, says)
    return TemplateVersion.objects.create(
        template=template, version=version, actor=actor, created_at=clock.now(), **made, **_columns(says)
    )


def _text_parts(template: MailTemplate, says: SmsText) -> dict[str, str]:
    """The text with its links counted. Raises TemplateProblem."""
    text = texting.whole(texting.linked(says.body, lambda url: _link(template, url)), says.opt_out)
    if {"unsubscribe_url", "view_url"} & tags(text):
        raise TemplateProblem("a text has no unsubscribe_url and no view_url: people answer STOP")
    return {"text": text}


def _push_parts(template: MailTemplate, says: PushText) -> dict[str, str]:
    """The words, and the link that is counted. Raises TemplateProblem."""
    for part in (says.title, says.body, says.link, says.icon, says.image):
        if {"unsubscribe_url", "view_url"} & tags(part):
            raise TemplateProblem("a push message has no unsubscribe_url and no view_url")
    url = says.link.strip() or pushing.HOME
    return {"text": says.body.replace("\r\n", "\n").strip(), "html": f"{{{{ hw.l{_link(template, url)} }}}}"}


def _mail_parts(template: MailTemplate, says: TemplateText) -> dict[str, str]:
    """HTML and text part, compiled. Raises TemplateProblem."""
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
    return {"html": made.html, "text": text}


def _link(template: MailTemplate, url: str) -> int:
    digest = hashlib.sha256(url.encode()).hexdigest()
    link, _ = TrackedLink.objects.get_or_create(template=template, digest=digest, defaults={"url": url})
    return int(link.pk)


__all__ = [
    "PushText",
    "Says",
    "SmsText",
    "TemplateProblem",
    "TemplateText",
    "archive_template",
    "copy_template",
    "create_template",
    "says_of",
    "update_template",
]
