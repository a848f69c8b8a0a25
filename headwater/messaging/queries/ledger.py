"""The ledger for pages: keyset pages of messages, one message with its fate, what a link in it leads to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext

from headwater.content.queries import contexts, workspace_context
from headwater.content.rules import MissingField, TemplateProblem, render
from headwater.people.models import Contact

from ..models import CaughtMail, MailTemplate, Message, Outbox, TextOutbox, TrackedLink
from ..rules import compose
from ..rules.pushing import Shown, shown
from .links import urls_of, visit_token
from .templates import sources

PAGE = 50
#: What a person or a server did with a mail, as its column says: DID_at
DID = ("sent", "opened", "clicked", "unsubscribed", "delivered", "replied")
#: Rows that a list which was grown by "More" keeps when it is refreshed
MOST = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """A message as a list shows it."""

    message: Message
    person_name: str
    template_name: str

    @property
    def cursor(self) -> str:
        """Where to go on from: pass it as `before`."""
        return f"{self.message.queued_at.isoformat()}~{self.message.id}"


def ledger(
    *,
    status: str = "",
    channel: str = "",
    template_id: int | None = None,
    person_id: int | None = None,
    did: str = "",
    since: datetime | None = None,
    before: str = "",
    until: str = "",
    limit: int = PAGE,
) -> list[Line]:
    """A page of messages, newest first. did: one of DID. since: queued since then,
    as `results` counts. until: all that stand above this
    cursor and its own, up to MOST, however many came since. Raises ValueError on a malformed cursor."""
    rows = Message.objects.all()
    if status:
        rows = rows.filter(status=status)
    if channel:
        rows = rows.filter(channel=channel)
    if template_id is not None:
        rows = rows.filter(template_id=template_id)
    if person_id is not None:
        rows = rows.filter(person_id=person_id)
    if since is not None:
        rows = rows.filter(queued_at__gte=since)
    if did in DID:
        rows = rows.filter(**{f"{did}_at__isnull": False})
    if before:
        moment, message = _point(before)
        rows = rows.filter(Q(queued_at__lt=moment) | Q(queued_at=moment, id__lt=message), queued_at__lte=moment)
    if until:
        moment, message = _point(until)
        above = rows.filter(Q(queued_at__gt=moment) | Q(queued_at=moment, id__gte=message), queued_at__gte=moment)
        found = lines(list(above.defer("context").order_by("-queued_at", "-id")[:MOST]))
        if len(found) > limit:
            return found
    return lines(list(rows.defer("context").order_by("-queued_at", "-id")[:limit]))


def _point(cursor: str) -> tuple[datetime, UUID]:
    at, _, last = cursor.partition("~")
    try:
        return datetime.fromisoformat(at), UUID(last)
    except ValueError as error:
        raise ValueError(f"not a cursor of the ledger: {cursor!r}") from error


def lines(messages: Sequence[Message]) -> list[Line]:
    """Messages with the names of their people and templates, in two statements."""
    people = Contact.objects.filter(pk__in={m.person_id for m in messages}).values_list("pk", "name", "email")
    names = {pk: name or email for pk, name, email in people}
    templates = dict(MailTemplate.objects.filter(pk__in={m.template_id for m in messages}).values_list("pk", "name"))
    return [
        Line(m, names.get(m.person_id, m.email) or gettext("An erased contact"), templates.get(m.template_id, ""))
        for m in messages
    ]


def message(person_id: int, message_id: UUID) -> Message | None:
    """One message of the ledger."""
    return Message.objects.filter(person_id=person_id, id=message_id).first()


def messages(keys: Sequence[tuple[int, UUID]]) -> list[Message]:
    """Several messages by (person, id), in one statement."""
    return list(Message.objects.filter(pk__in=list(keys)).defer("context")) if keys else []


def by_header(header_id: str) -> Message | None:
    """The message with this Message-ID: it carries the message's id and the person's, so no search is needed."""
    local = header_id.strip("<> ").split("@")[0]
    hexa, _, person = local.partition(".")
    try:
        return message(int(person), UUID(hexa))
    except ValueError:
        return None


def as_sent(row: Message, *, tracked: bool = False) -> tuple[str, str, str] | None:
    """(subject, html, text) of a message, rendered again with its version; None where that cannot be done any more.

    tracked: with the person's own links (the "view in browser" page); else links lead where they lead.
    """
    source = sources([(row.template_id, row.version)]).get((row.template_id, row.version))
    base = contexts([row.person_id]).get(row.person_id)
    if source is None or base is None:
        return None
    urls = urls_of(row.person_id, row.id, source, base["workspace"]["base_url"])
    if row.channel != "email":  # a text has no address of its own to look at it
        urls = compose.Urls("", "", "", {})
    if not tracked:
        own = dict(TrackedLink.objects.filter(pk__in=source.links).values_list("pk", "url"))
        urls = compose.Urls("#", "#", "", {n: _filled(own.get(n, "#"), base, row.context) or "#" for n in source.links})
    else:
        urls = compose.Urls(urls.unsubscribe, urls.view, "", urls.clicks)
    context = compose.values(base, row.context, marketing=row.purpose == "marketing", urls=urls)
    try:
        return compose.compose(source, context)
    except (MissingField, TemplateProblem):
        return None


def as_shown(row: Message) -> Shown | None:
    """A push message as its browsers show it; None where that cannot be done any more. Its link is the one that the
    author wrote."""
    source = sources([(row.template_id, row.version)]).get((row.template_id, row.version))
    base = contexts([row.person_id]).get(row.person_id)
    if source is None or base is None:
        return None
    urls = compose.Urls("", "", "", {n: destination(row, n) or "" for n in source.links})
    try:
        return shown(source, compose.values(base, row.context, marketing=row.purpose == "marketing", urls=urls))
    except (MissingField, TemplateProblem):
        return None


def destination(row: Message, link_id: int) -> str | None:
    """Where a tracked link leads for this message: only to what the template's author wrote, never elsewhere."""
    link = TrackedLink.objects.filter(pk=link_id, template_id=row.template_id).first()
    if link is None:
        return None
    base: Mapping[str, Any] = {}
    if _has_tags(link.url):
        base = contexts([row.person_id]).get(row.person_id, {"workspace": workspace_context()})
    url = _filled(link.url, base, row.context)
    return url if urlsplit(url).scheme in ("http", "https") else None


def _has_tags(url: str) -> bool:
    return "{{" in url or "{%" in url


def _filled(url: str, base: Mapping[str, Any], extra: Mapping[str, Any]) -> str:
    """An address with its merge tags filled in; "" where one has no value any more."""
    if not _has_tags(url):
        return url
    try:
        return render(url, compose.values(base, extra, marketing=True))
    except (MissingField, TemplateProblem):
        return ""


def with_visit(url: str, person_id: int) -> str:
    """The address with `hw_m` where it leads to a site of ours, so that her visit is known to be hers."""
    workspace = workspace_context()
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    own = {(urlsplit(workspace[k]).hostname or "").removeprefix("www.") for k in ("website", "base_url")} - {""}
    if host not in own and not any(host.endswith(f".{o}") for o in own):
        return url
    query = f"{parts.query}&" if parts.query else ""
    return urlunsplit(parts._replace(query=f"{query}hw_m={visit_token(person_id)}"))


def provider_ids(numbers: Collection[str], since: datetime) -> dict[str, frozenset[str]]:
    """Number -> the provider's ids of the texts to it that were queued since then."""
    rows = Message.objects.filter(channel="sms", email__in=list(numbers), queued_at__gt=since).exclude(header_id="")
    out: dict[str, frozenset[str]] = {}
    for number, header in rows.values_list("email", "header_id"):
        out[number] = out.get(number, frozenset()) | {header}
    return out


def waiting(limit: int = 1000) -> int:
    """How many mails are in the outbox, counted up to the limit."""
    return Outbox.objects.all()[:limit].count()


def texts_waiting(limit: int = 1000) -> int:
    """How many texts are in theirs."""
    return TextOutbox.objects.all()[:limit].count()


def inbox(limit: int = 100) -> list[CaughtMail]:
    """What the demo's SMTP server received, newest first, without the raw bytes."""
    return list(CaughtMail.objects.defer("raw").order_by("-id")[:limit])


def caught(caught_id: int) -> CaughtMail | None:
    """One of them, whole."""
    return CaughtMail.objects.filter(pk=caught_id).first()
