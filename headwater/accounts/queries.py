"""Reading users, teams and the workspace."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from .models import User, Workspace


def workspace() -> Workspace:
    """The one row of workspace settings; defaults when a fresh database has none yet."""
    return Workspace.objects.filter(pk=1).first() or Workspace(pk=1)


def active_users() -> QuerySet[User]:
    """Everybody who can sign in, by name."""
    return User.objects.filter(is_active=True).select_related("team").order_by("first_name", "last_name", "email")


def lead_takers() -> QuerySet[User]:
    """Whom the round robin of handed-over leads goes over, in a stable order."""
    return User.objects.filter(is_active=True, takes_leads=True).order_by("pk")


def users(user_ids: Sequence[int]) -> dict[int, User]:
    """Users by primary key, one query; unknown ids are left out."""
    return {user.pk: user for user in User.objects.filter(pk__in=set(user_ids))}
