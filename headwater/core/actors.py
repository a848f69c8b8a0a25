"""Who did it. Every action takes an `actor`; every fact keeps it, as a short string.

user:12   journey:5   visitor   api:3   system   import:9   demo
"""

from __future__ import annotations

from headwater.core.ids import id_of

SYSTEM = "system"
VISITOR = "visitor"


def user(pk: int) -> str:
    return f"user:{pk}"


def journey(pk: int) -> str:
    return f"journey:{pk}"


def api_key(pk: int) -> str:
    return f"api:{pk}"


def user_id(actor: str) -> int | None:
    """The user's primary key where the actor is a user, else None."""
    kind, _, pk = actor.partition(":")
    return id_of(pk) if kind == "user" else None
