"""Writing users, teams, keys and the workspace."""

from __future__ import annotations

import hashlib
import secrets

from headwater.core import clock

from .models import ApiKey, User, Workspace


def ensure_workspace() -> Workspace:
    """The one row of workspace settings, made when it is missing."""
    return Workspace.objects.get_or_create(pk=1)[0]


def create_api_key(*, name: str, scopes: list[str], actor: User | None) -> tuple[ApiKey, str]:
    """Make a key. Returns its row and the key itself, which is shown once and never kept."""
    key = "hw_" + secrets.token_urlsafe(30)
    row = ApiKey.objects.create(
        name=name,
        prefix=key[:10],
        digest=key_digest(key),
        scopes=scopes,
        created_by=actor,
        created_at=clock.now(),
    )
    return row, key


def key_digest(key: str) -> str:
    """sha256 of a key, hex: what is stored and looked up."""
    return hashlib.sha256(key.encode()).hexdigest()


def set_preferences(user_id: int, *, theme: str | None = None, language: str | None = None) -> None:
    """What a user chooses for herself from the menu."""
    changes = {name: value for name, value in (("theme", theme), ("language", language)) if value is not None}
    User.objects.filter(pk=user_id).update(**changes)


def use_api_key(*, key: str) -> ApiKey | None:
    """The living key of this text, its last use noted (at most once a minute); None: unknown or revoked."""
    found = ApiKey.objects.filter(digest=key_digest(key), revoked_at=None).first()
    now = clock.now()
    if found is not None and (found.last_used_at is None or (now - found.last_used_at).total_seconds() > 60):
        ApiKey.objects.filter(pk=found.pk).update(last_used_at=now)
    return found


def revoke_api_key(key_id: int) -> None:
    """End a key for good. Raises ApiKey.DoesNotExist."""
    if not ApiKey.objects.filter(pk=key_id).update(revoked_at=clock.now()):
        raise ApiKey.DoesNotExist
