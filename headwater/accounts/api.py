"""Users over the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.errors import HttpError

from headwater.core import actors

from . import queries

router = Router(tags=["Users"])


class UserOut(Schema):
    id: int
    email: str
    name: str
    role: str
    team: str
    takes_leads: bool
    active: bool


def _out(user: Any) -> dict[str, Any]:
    return {
        "id": user.pk,
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "team": user.team.name if user.team else "",
        "takes_leads": user.takes_leads,
        "active": user.is_active,
    }


@router.get("/users", response=list[UserOut])
def list_users(request: HttpRequest) -> list[dict[str, Any]]:
    """Everybody, those who may sign in first."""
    return [_out(user) for user in queries.directory()]


@router.get("/me", response=UserOut)
def me(request: HttpRequest) -> dict[str, Any]:
    """The signed-in user. 404 for a key: a key is nobody."""
    user_id = actors.user_id(request.actor)  # type: ignore[attr-defined]
    user = queries.users([user_id]).get(user_id) if user_id is not None else None
    if user is None:
        raise HttpError(404, "This key belongs to no user.")
    return _out(user)
