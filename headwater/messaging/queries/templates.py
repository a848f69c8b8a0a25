"""Templates as pages and engines need them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection
from django.db.models import F

from ..models import MailTemplate, TemplateVersion
from ..rules.compose import Source

#: Versions never change, so a process keeps the ones it has read: (template id, version) -> Source
_cache: dict[tuple[int, int], Source] = {}
_CACHE_LIMIT = 500


def sources(wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Source]:
    """(template id, version) -> Source, in one statement at most. Unknown ones are left out."""
    keys = set(wanted)
    missing = [k for k in keys if k not in _cache]
    if missing:
        if len(_cache) > _CACHE_LIMIT:
            _cache.clear()
        rows = TemplateVersion.objects.select_related("template").filter(
            template_id__in=[t for t, _ in missing], version__in=[v for _, v in missing]
        )
        found = {(row.template_id, row.version): source_of(row) for row in rows}
        _cache.update(found)
        return {k: s for k in keys if (s := found.get(k) or _cache.get(k))}
    return {k: _cache[k] for k in keys}


def sendable(template_ids: Iterable[int], channel: str = "email") -> dict[int, tuple[int, str]]:
    """template id -> (newest version, purpose) of those of a channel that are not archived."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, version, purpose FROM messaging_mailtemplate WHERE id = ANY(%s::bigint[]) "
            "AND archived_at IS NULL AND channel = %s",
            [list(template_ids), channel],
        )
        return {pk: (version, purpose) for pk, version, purpose in cursor.fetchall()}


def newest(template_ids: Iterable[int]) -> dict[int, int]:
    """template id -> newest version, archived ones too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, version FROM messaging_mailtemplate WHERE id = ANY(%s::bigint[])", [list(template_ids)]
        )
        return dict(cursor.fetchall())


def channels_of(template_ids: Iterable[int]) -> dict[int, str]:
    """template id -> channel, archived ones too."""
    return dict(MailTemplate.objects.filter(pk__in=list(template_ids)).values_list("pk", "channel"))


def source_of(row: TemplateVersion) -> Source:
    """A stored version as what rendering takes. A text has its words, with their addresses as they were written, for a
    subject."""
    channel = row.template.channel
    return Source(
        template_id=row.template_id,
        version=row.version,
        name=row.template.name,
        purpose=row.template.purpose,
        subject=row.text_override if channel == "sms" else row.subject,
        html=row.html,
        text=row.text,
        from_name=row.from_name,
        from_address=row.from_address,
        reply_to=row.reply_to,
        channel=channel,
        icon=row.icon,
        image=row.image,
    )


def templates(*, archived: bool = False, channel: str = "") -> list[MailTemplate]:
    """All templates (of a channel), the latest changed first (people write hundreds, not millions)."""
    rows = MailTemplate.objects.filter(archived_at__isnull=not archived)
    if channel:
        rows = rows.filter(channel=channel)
    return list(rows.order_by("-updated_at", "-id")[:1000])


def current(template_id: int) -> TemplateVersion | None:
    """The newest version of a template, with the template itself."""
    return (
        TemplateVersion.objects.select_related("template")
        .filter(template_id=template_id, version=F("template__version"))
        .first()
    )


def by_slug(slugs: Sequence[str]) -> dict[str, int]:
    """slug -> template id, for templates that ship with the product."""
    rows = MailTemplate.objects.filter(slug__in=list(slugs), archived_at__isnull=True).order_by("id")
    return {row.slug: row.pk for row in rows}
