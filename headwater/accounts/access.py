"""Who may open what. Every page needs a signed-in user already (LoginRequiredMiddleware)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from .models import Role, User

View = Callable[..., HttpResponse]


def require_role(*roles: str) -> Callable[[View], View]:
    """Answer 403 to users of other roles. Administrators may do everything.

    @require_role(Role.MARKETER)
    def edit_journey(request, journey_id): ...
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not has_role(request.user, *roles):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def has_role(user: Any, *roles: str) -> bool:
    """Whether the user has one of the roles or is an administrator."""
    role = getattr(user, "role", "")
    return bool(user.is_authenticated and (role == Role.ADMIN or role in roles))


def signed_in(request: HttpRequest) -> User:
    """The user of a page that requires one (all do, unless marked login_not_required)."""
    return cast(User, request.user)
