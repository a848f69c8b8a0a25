"""Sites: who may send events from where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from headwater.core import clock

from ..models import Site, new_public_key
from ..rules.forms import Invalid

ORIGIN = re.compile(r"^https?://(\*\.)?[A-Za-z0-9.\-\u0080-\uffff]+(:\d{1,5})?$")


def create_site(
    *,
    name: str,
    actor: str,
    allowed_origins: Sequence[str] = (),
    count_automated: bool = False,
    public_key: str = "",
) -> Site:
    """Make a site. Raises Invalid on "name" or "allowed_origins". `public_key`: a key of one's own (demo)."""
    return Site.objects.create(
        name=_name(name),
        allowed_origins=clean_origins(allowed_origins),
        count_automated=count_automated,
        public_key=public_key or new_public_key(),
        created_at=clock.now(),
    )


def update_site(site_id: int, *, actor: str, **changes: Any) -> Site:
    """Change name, allowed_origins, active or count_automated. Raises Invalid, Site.DoesNotExist."""
    with transaction.atomic():
        site = Site.objects.select_for_update().get(pk=site_id)
        if "name" in changes:
            site.name = _name(changes["name"])
        if "allowed_origins" in changes:
            site.allowed_origins = clean_origins(changes["allowed_origins"])
        site.active = bool(changes.get("active", site.active))
        site.count_automated = bool(changes.get("count_automated", site.count_automated))
        site.save(update_fields=["name", "allowed_origins", "active", "count_automated"])
    return site


def clean_origins(given: Sequence[str]) -> list[str]:
    """Origins as browsers send them: "https://www.example.com". Raises Invalid on "allowed_origins"."""
    out = []
    for text in given:
        origin = text.strip().rstrip("/")
        if origin and "://" not in origin:
            origin = "https://" + origin
        if not origin or origin in out:
            continue
        if not ORIGIN.match(origin):
            raise Invalid({"allowed_origins": f"{text} is not an origin; write https://www.example.com"})
        out.append(origin)
    return out


def _name(name: str) -> str:
    name = " ".join(name.split())[:120]
    if not name:
        raise Invalid({"name": "Give the site a name."})
    return name
