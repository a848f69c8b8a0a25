"""Sites: who may send events from where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from headwater.accounts.actions import audit
from headwater.accounts.rules import difference
from headwater.core import clock

from ..models import Site, new_public_key
from ..rules import push
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
    with transaction.atomic():
        site = Site.objects.create(
            name=_name(name),
            allowed_origins=clean_origins(allowed_origins),
            count_automated=count_automated,
            public_key=public_key or new_public_key(),
            created_at=clock.now(),
        )
        audit("site.created", site.name, actor=actor, after=_state(site))
    return site


def update_site(site_id: int, *, actor: str, **changes: Any) -> Site:
    """Change name, allowed_origins, active, count_automated, push or push_prompt (parts of it: rules.push.DEFAULTS).
    Raises Invalid, Site.DoesNotExist."""
    with transaction.atomic():
        site = Site.objects.select_for_update().get(pk=site_id)
        was = _state(site)
        if "name" in changes:
            site.name = _name(changes["name"])
        if "allowed_origins" in changes:
            site.allowed_origins = clean_origins(changes["allowed_origins"])
        site.active = bool(changes.get("active", site.active))
        site.count_automated = bool(changes.get("count_automated", site.count_automated))
        site.push = bool(changes.get("push", site.push))
        if "push_prompt" in changes:
            wanted, errors = push.clean(changes["push_prompt"] or {})
            if errors:
                raise Invalid({name: _(words) for name, words in errors.items()})
            site.push_prompt = {**site.push_prompt, **wanted}
        before, after = difference(was, _state(site))
        if after:
            site.save(update_fields=list(after))
            audit("site.changed", site.name, actor=actor, before=before, after=after)
    return site


def _state(site: Site) -> dict[str, Any]:
    """What the audit log keeps of a site."""
    return {
        f: getattr(site, f) for f in ("name", "allowed_origins", "active", "count_automated", "push", "push_prompt")
    }


def clean_origins(given: Sequence[str]) -> list[str]:
    """Origins as browsers send them: "https://www.example.com", of addresses as people paste them. Raises Invalid on
    "allowed_origins"."""
    out = []
    for text in given:
        origin = _origin(text.strip())
        if not origin or origin in out:
            continue
        if not ORIGIN.match(origin):
            words = _("%(text)s is not an origin; write https://www.example.com")
            raise Invalid({"allowed_origins": words % {"text": text}})
        out.append(origin)
    return out


def _origin(address: str) -> str:
    """An address without its path and the port that its scheme implies, its host in the letters that browsers send."""
    if not address:
        return ""
    scheme, found, rest = address.rpartition("://")
    scheme, host = scheme.lower() if found else "https", re.split(r"[/?#]", rest, maxsplit=1)[0].lower()
    host = host.removesuffix({"https": ":443", "http": ":80"}.get(scheme, "\0"))
    try:
        return f"{scheme}://{host if host.isascii() else host.encode('idna').decode()}"
    except UnicodeError:
        return address


def _name(name: str) -> str:
    name = " ".join(name.split())[:120]
    if not name:
        raise Invalid({"name": _("Give the site a name.")})
    return name
