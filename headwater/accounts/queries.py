"""Reading users, teams and the workspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext

from headwater.core import actors
from headwater.core.ids import id_of
from headwater.core.prepared import Prepared

from .models import ApiKey, AuditEntry, Team, User, Workspace
from .rules import initials_of

_workspace = Prepared(lambda pk: Workspace.objects.filter(pk=pk))  # each page reads it


def workspace() -> Workspace:
    """The one row of workspace settings; defaults when a fresh database has none yet."""
    return _workspace.first(1) or Workspace(pk=1)


@dataclass(frozen=True, slots=True)
class Colleague:
    """A user as lists to choose from show one."""

    pk: int
    name: str
    initials: str
    hue: int

    @classmethod
    def of(cls, pk: int, first: str, last: str, email: str, hue: int) -> Colleague:
        """From these columns of accounts_user."""
        return cls(pk, f"{first} {last}".strip() or email, initials_of(first, last, email), hue)


def colleagues() -> list[Colleague]:
    """Everybody who can sign in, by name, as most pages need it: without 20 columns and the password."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, first_name, last_name, email, hue FROM accounts_user WHERE is_active "
            "ORDER BY first_name, last_name, email"
        )
        return [Colleague.of(*row) for row in cursor.fetchall()]


def active_users() -> QuerySet[User]:
    """Everybody who can sign in, by name."""
    return User.objects.filter(is_active=True).select_related("team").order_by("first_name", "last_name", "email")


def lead_takers() -> QuerySet[User]:
    """Whom the round robin of handed-over leads goes over, in a stable order."""
    return User.objects.filter(is_active=True, takes_leads=True).order_by("pk")


def users(user_ids: Sequence[int]) -> dict[int, User]:
    """Users by primary key, one query; unknown ids are left out."""
    return {user.pk: user for user in User.objects.filter(pk__in=set(user_ids))}


def directory() -> QuerySet[User]:
    """Everybody, also those who may no longer sign in (they come last)."""
    return User.objects.select_related("team").order_by("-is_active", "first_name", "last_name", "email")


def teams() -> QuerySet[Team]:
    """Teams with `size`, the number of their active members."""
    return Team.objects.annotate(size=Count("members", filter=Q(members__is_active=True))).order_by("name")


def api_keys() -> QuerySet[ApiKey]:
    """Keys, those still valid first, new ones before old ones."""
    return ApiKey.objects.select_related("created_by").order_by(F("revoked_at").desc(nulls_first=True), "-created_at")


def audit_page(before: int | None = None, size: int = 50) -> list[AuditEntry]:
    """A page of the audit log, newest first; `before` is the id of the last entry already shown."""
    rows = AuditEntry.objects.order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    return list(rows[:size])


def actor_names(actor_list: Sequence[str]) -> dict[str, str]:
    """What to call actors ("user:3", "api:2", "system") in a list: users and keys by name, a query for each sort."""
    asked = set(actor_list)
    known = users([pk for actor in asked if (pk := actors.user_id(actor)) is not None])
    names = {actors.user(pk): user.name for pk, user in known.items()}
    parts = [actor.partition(":") for actor in asked]
    keys = [key for kind, _colon, pk in parts if kind == "api" and (key := id_of(pk)) is not None]
    if keys:
        rows = ApiKey.objects.filter(pk__in=keys).values_list("pk", "name")
        names |= {actors.api_key(pk): gettext("API key %(name)s") % {"name": name} for pk, name in rows}
    names |= {actors.SYSTEM: gettext("Headwater"), "demo": gettext("Demo")}
    return {actor: names.get(actor, actor) for actor in asked}
