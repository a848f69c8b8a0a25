"""Which browsers take push messages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import connection

from headwater.content.queries import workspace_context

from ..channels import pushcatcher
from ..models import OwnBrowser, PushDevice, PushOutbox, VisitorPush
from ..rules import webpush


@lru_cache(maxsize=4)
def _key_of(secret: str) -> ec.EllipticCurvePrivateKey:
    return webpush.private_key(secret)


def vapid_key() -> ec.EllipticCurvePrivateKey:
    """The installation's key pair."""
    return _key_of(settings.SECRET_KEY)


def application_key() -> str:
    """What browsers are told of it (applicationServerKey, base64url)."""
    return webpush.encoded(webpush.point(vapid_key().public_key()))


def courier_values() -> tuple[ec.EllipticCurvePrivateKey, str, str]:
    """What a Courier needs: our key, how push services may reach us, the addresses of the demo's own service."""
    workspace = workspace_context()
    address = str(workspace.get("mail_from") or "")
    subject = f"mailto:{address}" if address else str(workspace["base_url"])
    return vapid_key(), subject, pushcatcher.url()


def taking(person_ids: Sequence[int]) -> dict[int, list[UUID]]:
    """person -> her browsers that take push messages, in one statement; people without any are left out."""
    out: dict[int, list[UUID]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, id FROM messaging_pushdevice "
            "WHERE person_id = ANY((SELECT %s::bigint[])::bigint[]) AND ended_at IS NULL ORDER BY created_at, id",
            [list(person_ids)],
        )
        for person, device in cursor.fetchall():
            out.setdefault(person, []).append(device)
    return out


def of_person(person_id: int) -> list[PushDevice]:
    """All browsers of hers, those that take push messages first."""
    rows = list(PushDevice.objects.filter(person_id=person_id).order_by("-created_at")[:50])
    return sorted(rows, key=lambda row: row.ended_at is not None)


def counts(site_id: int, most: int = 10_000) -> tuple[int, int]:
    """How many browsers of people agreed on a site and take push messages, and how many of visitors whom nobody knows
    yet; each counted up to `most`."""
    known = PushDevice.objects.filter(site_id=site_id, ended_at=None)[:most].count()
    return known, VisitorPush.objects.filter(site_id=site_id)[:most].count()


def waiting(limit: int = 1000) -> int:
    """How many tries are due or to come, counted up to the limit."""
    return PushOutbox.objects.all()[:limit].count()


def services(most: int = 1000) -> list[str]:
    """The push services ("https://host/") of people's browsers, seen in `most` of them."""
    rows = PushDevice.objects.filter(ended_at=None).values_list("endpoint", flat=True)[:most]
    return sorted({"{0.scheme}://{0.netloc}/".format(urlsplit(endpoint)) for endpoint in rows})


def own(user_id: int) -> list[OwnBrowser]:
    """A colleague's browsers for tests."""
    return list(OwnBrowser.objects.filter(user_id=user_id).order_by("created_at", "pk"))
