"""Decisions about accounts that need no database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

#: What an API key may be allowed. "admin" holds all the others.
SCOPES = ("events:write", "read", "write", "admin")

#: Seconds between two notes of a key's use: its row is not written for each request.
KEY_NOTED = 60
#: The living key of a digest, with its use noted. The collector runs it on a connection of its own, so that keys which
#: only send events are seen in use, too. Arguments: digest, now, now less KEY_NOTED. Gives (id, scopes), or no row.
USE_KEY = (
    "WITH known AS (SELECT id, scopes, last_used_at FROM accounts_apikey WHERE digest = %s AND revoked_at IS NULL), "
    "noted AS (UPDATE accounts_apikey k SET last_used_at = %s FROM known "
    "WHERE k.id = known.id AND (known.last_used_at IS NULL OR known.last_used_at < %s)) SELECT id, scopes FROM known"
)

CURRENCIES = (
    "USD", "EUR", "GBP", "KRW", "CNY", "JPY", "AUD", "BRL", "CAD", "CHF", "CZK", "DKK", "HKD", "IDR", "ILS", "INR",
    "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TRY", "TWD", "VND", "ZAR",
)  # fmt: skip


def time_zones() -> list[str]:
    """Names people know ("Asia/Seoul"), without the historic aliases of the database."""
    regions = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    return ["UTC", *sorted(zone for zone in available_timezones() if zone.startswith(regions))]


def initials_of(first: str, last: str, email: str) -> str:
    """Two letters for an avatar."""
    return (first[:1] + last[:1]).upper() or email[:2].upper()


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only the entries that changed, as they were and as they are."""
    changed = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in changed}, {name: after[name] for name in changed}


def covers(scopes: list[str], wanted: str) -> bool:
    """Whether a key with `scopes` may do what needs the scope `wanted`."""
    return wanted in scopes or "admin" in scopes
