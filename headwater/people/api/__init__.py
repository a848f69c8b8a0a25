"""Contacts and companies over the API; `headwater api` runs the same operations."""

from __future__ import annotations

from ninja import Router

from . import bulk, companies, contacts, whole

router = Router(tags=["people"])
for part in (bulk, whole, contacts, companies):
    router.add_router("", part.router)
