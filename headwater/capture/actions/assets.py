"""Assets: files behind forms, handed out over links that expire and count."""

from __future__ import annotations

import mimetypes
import uuid
from datetime import timedelta
from pathlib import PurePath
from typing import Any

from django.core import signing
from django.core.files.base import File
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from headwater.core import clock
from headwater.timeline.actions import in_lane, record

from ..facts import AssetDownloaded
from ..models import Asset, AssetLink
from ..rules.forms import Invalid

SALT = "capture.asset"
MAX_FILE = 50 * 1024 * 1024


class LinkGone(Exception):
    """The link cannot be used: `reason` is "unknown", "expired" or "used"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def create_asset(
    *, name: str, file: File[bytes], actor: str, link_days: int = 7, link_downloads: int = 5, file_name: str = ""
) -> Asset:
    """Keep a file as an asset. Raises Invalid on "name" or "file"."""
    name = " ".join(name.split())[:160]
    shown = PurePath(file_name or file.name or "file").name[:200]
    if not name:
        raise Invalid({"name": _("Give the asset a name.")})
    if file.size > MAX_FILE:
        raise Invalid({"file": _("The file has more than 50 MB.")})
    asset = Asset(
        name=name,
        file_name=shown,
        content_type=mimetypes.guess_type(shown)[0] or "application/octet-stream",
        size=file.size,
        link_days=link_days,
        link_downloads=link_downloads,
        created_at=clock.now(),
    )
    asset.file.save(shown, file, save=False)
    Asset.objects.bulk_create([asset])
    return asset


def update_asset(asset_id: int, *, actor: str, **changes: Any) -> Asset:
    """Change name, link_days, link_downloads or active. Raises Invalid, Asset.DoesNotExist."""
    with transaction.atomic():
        asset = Asset.objects.select_for_update().get(pk=asset_id)
        for field in ("name", "link_days", "link_downloads", "active"):
            if field in changes:
                setattr(asset, field, changes[field])
        if not asset.name.strip():
            raise Invalid({"name": _("Give the asset a name.")})
        asset.save(update_fields=["name", "link_days", "link_downloads", "active"])
    return asset


def make_link(asset: Asset, person_id: int, *, actor: str, id: uuid.UUID | None = None) -> str:
    """A person's own link: the token for `/d/<token>/`. The same `id` gives the same link."""
    key = id or uuid.uuid4()
    with in_lane(person_id):
        AssetLink.objects.bulk_create(
            [
                AssetLink(
                    person_id=person_id,
                    id=key,
                    asset_id=asset.pk,
                    expires_at=clock.now() + timedelta(days=asset.link_days),
                    allowed=asset.link_downloads,
                )
            ],
            ignore_conflicts=True,
        )
    return signing.dumps([person_id, key.hex], salt=SALT, compress=False)


def count_download(token: str) -> Asset:
    """One more download over a link, recorded on the person's timeline. Raises LinkGone."""
    try:
        person_id, key = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        raise LinkGone("unknown") from None
    now = clock.now()
    with in_lane(person_id):
        link = AssetLink.objects.select_for_update().filter(person_id=person_id, id=uuid.UUID(key)).first()
        asset = Asset.objects.filter(pk=link.asset_id, active=True).first() if link else None
        if link is None or asset is None:
            raise LinkGone("unknown")
        if link.expires_at <= now:
            raise LinkGone("expired")
        if link.allowed and link.downloads >= link.allowed:
            raise LinkGone("used")
        count = link.downloads + 1
        AssetLink.objects.filter(person_id=person_id, id=link.id).update(downloads=count, last_at=now)
        Asset.objects.filter(pk=asset.pk).update(downloads=F("downloads") + 1)
        record(person_id, AssetDownloaded(asset=asset.pk, name=asset.name, count=count), actor="visitor", at=now)
    return asset
