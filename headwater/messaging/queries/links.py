"""The addresses in mails: made for a message, and read back when somebody follows one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

from headwater.core import clock
from headwater.people.queries import kin

from ..models import Message
from ..rules import tokens
from ..rules.compose import Source, Urls
from ..rules.tokens import Kind, Token
from .templates import sources


@lru_cache(maxsize=4)
def _key_of(secret: str) -> bytes:
    return tokens.key_of(secret)


def key() -> bytes:
    """The installation's key for links in mails."""
    return _key_of(settings.SECRET_KEY)


def urls_of(person_id: int, message_id: UUID, source: Source, base_url: str) -> Urls:
    """Every address that this message needs. base_url: without a slash at the end."""
    secret, token = key(), Token(person_id, message_id)
    clicks = {n: f"{base_url}/c/{tokens.sign('click', Token(person_id, message_id, n), secret)}" for n in source.links}
    return Urls(
        unsubscribe=f"{base_url}/u/{tokens.sign('unsubscribe', token, secret)}",
        view=f"{base_url}/v/{tokens.sign('view', token, secret)}",
        pixel=f"{base_url}/o/{tokens.sign('open', token, secret)}.gif",
        clicks=clicks,
    )


def short_urls(person_id: int, message_id: UUID, source: Source, base_url: str) -> Urls:
    """The addresses of a text: its links alone, as short as they can be."""
    secret = key()
    clicks = {
        n: f"{base_url}/s/{tokens.sign_short(person_id, message_id, place, secret)}"
        for place, n in enumerate(source.links)
    }
    return Urls("", "", "", clicks)


def receipt_url(person_id: int, message_id: UUID, base_url: str) -> str:
    """Where a provider tells what became of a text."""
    return f"{base_url}/sms/receipt/{tokens.sign('receipt', Token(person_id, message_id), key())}"


def shown_url(person_id: int, message_id: UUID, base_url: str, device: UUID) -> str:
    """Where a browser tells that it has shown a push message."""
    return f"{base_url}/push/shown/{tokens.sign('receipt', Token(person_id, message_id), key())}?b={device.hex}"


def inbound_secret() -> str:
    """Stands in the address that a provider calls when somebody writes to our number."""
    return salted_hmac("headwater.sms.inbound", "v1", algorithm="sha256").hexdigest()[:32]


def inbound_url(base_url: str) -> str:
    """That address."""
    return f"{base_url}/sms/in/{inbound_secret()}"


def read_short(text: str) -> Token | None:
    """What the link of a text says, or None where it is not one of ours: whose text it is now, and the link's id."""
    told = tokens.verify_short(text, key())
    if told is None:
        return None
    person_id, tail, place = told
    for people in ([person_id], sorted(kin([person_id]).get(person_id, ()))):
        rows = Message.objects.filter(person_id__in=people).exclude(channel="email")
        for owner, pk, template, version in rows.values_list("person_id", "id", "template_id", "version"):
            if pk.bytes[-4:] == tail:
                source = sources([(template, version)]).get((template, version))
                links = source.links if source else ()
                return Token(owner, pk, links[place]) if place < len(links) else None
    return None


def read_token(kind: Kind, text: str) -> Token | None:
    """What a link's token says, or None where it is not one of ours. Where its person was merged since, or parted
    again, it names who has the mail now."""
    told = tokens.verify(kind, text, key())
    if told is None:
        return None
    now = whose([(told.person_id, told.message_id)]).get((told.person_id, told.message_id))
    return told if now is None else replace(told, person_id=now)


def whose(mails: Sequence[tuple[int, UUID]]) -> dict[tuple[int, UUID], int]:
    """(person, message) as a mail says them -> who has the message now, where that is somebody else."""
    wanted = set(mails)
    rows = Message.objects.filter(person_id__in={p for p, _ in wanted}, id__in={m for _, m in wanted})
    missing = wanted - set(rows.values_list("person_id", "id"))
    related = kin([p for p, _ in missing]) if missing else {}
    if not related:
        return {}
    others = {p for found in related.values() for p in found}
    there = set(
        Message.objects.filter(person_id__in=others, id__in={m for _, m in missing}).values_list("person_id", "id")
    )
    return {(p, m): q for p, m in missing for q in related.get(p, ()) if (q, m) in there}


def visit_token(person_id: int) -> str:
    """The value of `hw_m` that a click adds to addresses of our own sites."""
    return tokens.sign_visit(person_id, clock.now(), key())


def person_of_token(token: str) -> int | None:
    """The person behind an `hw_m` value of a page's address, or None where it is forged or older than 30 minutes.

    The tracking script hands it in with the first page view after a click, so that the visitor becomes that person.
    """
    return tokens.verify_visit(token, clock.now(), key())
