"""Who calls: a signed-in session with its CSRF token, a bearer key with its scopes, or the command line."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.utils import check_csrf

from headwater.accounts.access import has_role
from headwater.accounts.actions import use_api_key
from headwater.accounts.models import Role
from headwater.core import actors

SAFE = ("GET", "HEAD", "OPTIONS")
#: Paths under /api/v1 that administer the workspace: keys need the scope `admin`, users the role.
ADMIN_PATHS = ("users", "keys", "workspace", "health")
#: Paths that change what strangers get to see; users need the role that the pages ask for, too.
MARKETING_PATHS = ("templates", "forms", "sites")


def authenticate(request: HttpRequest) -> Any:
    """Sets `request.actor` (and `request.user` for the command line). None: nobody is there (401).

    Raises HttpError 403 where a session lacks its CSRF token or role, or a key its scope.
    """
    header = request.headers.get("Authorization", "")
    if header:
        scheme, _, key = header.partition(" ")
        return _by_key(request, key.strip()) if scheme.lower() == "bearer" and key.strip() else None
    user = request.user
    if not user.is_authenticated:
        return None
    in_process = getattr(request, "headwater_in_process", False)
    if request.method not in SAFE and not in_process and check_csrf(request) is not None:
        raise HttpError(403, "The CSRF token is missing or wrong; send it as X-CSRFToken.")
    if _is_admin(request) and not has_role(user):
        raise HttpError(403, "Only administrators may do this.")
    if _is_marketing(request) and not has_role(user, Role.MARKETER):
        raise HttpError(403, "Only marketers and administrators may do this.")
    request.actor = actors.user(user.pk)  # type: ignore[attr-defined]
    return user


def _by_key(request: HttpRequest, key: str) -> Any:
    found = use_api_key(key=key)
    if found is None:
        return None
    have = set(found.scopes or [])
    need = _scope(request)
    if need not in have and not (need == "read" and "write" in have) and "admin" not in have:
        raise HttpError(403, f"This key lacks the scope {need}.")
    request.actor = actors.api_key(found.pk)  # type: ignore[attr-defined]
    return found


def _scope(request: HttpRequest) -> str:
    if _is_admin(request):
        return "admin"
    return "read" if request.method in SAFE else "write"


def _is_admin(request: HttpRequest) -> bool:
    return _parts(request)[0] in ADMIN_PATHS


def _is_marketing(request: HttpRequest) -> bool:
    """Writing what the public sees; handing out or erasing all that is kept of a person."""
    first, *rest = _parts(request)
    if first == "contacts":
        return rest[1:] == ["everything"] or (request.method == "DELETE" and len(rest) == 1)
    return first in MARKETING_PATHS and request.method not in SAFE and rest[1:] != ["submissions"]


def _parts(request: HttpRequest) -> list[str]:
    return request.path.removeprefix("/api/v1/").strip("/").split("/")
