"""Writing users, teams, keys and the workspace. Each change of a setting leaves an AuditEntry in its transaction."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from headwater.core import actors, clock

from .models import ApiKey, AuditEntry, Role, Team, User, Workspace
from .rules import KEY_NOTED, difference

#: Locks the table of users for changes that must leave at least one administrator
ADMINS = 0x4857_0001


class Refused(Exception):
    """A change that must not be made; the text says why, for people. `field` is where to show it, "" for the form."""

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


def ensure_workspace() -> Workspace:
    """The one row of workspace settings, made when it is missing."""
    return Workspace.objects.get_or_create(pk=1)[0]


def audit(
    action: str, subject: str, *, actor: str, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
) -> None:
    """Note a change; call it inside the change's transaction. Values must be JSON."""
    AuditEntry.objects.create(
        at=clock.now(), actor=actor, action=action, subject=subject[:254], before=before or {}, after=after or {}
    )


@transaction.atomic
def create_first_admin(
    *, email: str, password: str, first_name: str, last_name: str, company: str, address: str = ""
) -> User:
    """The administrator of a fresh installation. address: where she reached it, for links in mails until somebody
    says another one. Refused once anybody exists."""
    _lock()
    if User.objects.exists():
        raise Refused(_("There is an administrator already. Please sign in."))
    user = _new_user(email, role=Role.ADMIN, first_name=first_name, last_name=last_name)
    user.set_password(password)
    user.save()
    ensure_workspace()
    Workspace.objects.filter(pk=1).update(name=company, **({"base_url": address} if address else {}))
    audit("user.created", user.email, actor=actors.user(user.pk), after={"role": user.role})
    return user


@transaction.atomic
def invite_user(*, email: str, role: str, actor: str, **fields: Any) -> User:
    """A user without a password; the caller hands her the link to set one. Fields: first_name, last_name, team,
    takes_leads. Refused when the address is taken."""
    user = _new_user(email, role=role, **fields)
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise Refused(_("A user with this address exists already."), "email") from None
    audit("user.invited", user.email, actor=actor, after=_user_state(user))
    return user


def create_user(*, email: str, password: str, role: str, actor: str, **fields: Any) -> User:
    """A user who signs in with this password. Fields as for invite_user, and hue. Raises IntegrityError where the
    address is taken."""
    hue = fields.pop("hue", None)
    user = _new_user(email, role=role, **fields)
    user.hue = user.hue if hue is None else hue
    user.set_password(password)
    with transaction.atomic():
        user.save()
        audit("user.created", user.email, actor=actor, after=_user_state(user))
    return user


@transaction.atomic
def change_user(user_id: int, *, actor: str, **changes: Any) -> User:
    """Change role, team, takes_leads, names or is_active. Refused when no active administrator would be left."""
    _lock()
    user = User.objects.select_for_update(of=("self",)).select_related("team").get(pk=user_id)
    before = _user_state(user)
    for name, value in changes.items():
        setattr(user, name, value)
    others = User.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=user.pk)
    if not (user.role == Role.ADMIN and user.is_active) and not others.exists():
        raise Refused(_("At least one active administrator must remain."), "role")
    user.save(update_fields=list(changes))
    old, new = difference(before, _user_state(user))
    if new:
        audit("user.changed", user.email, actor=actor, before=old, after=new)
    return user


@transaction.atomic
def change_profile(user_id: int, *, actor: str, **changes: Any) -> None:
    """What a user says about herself: first_name, last_name, language, theme, time_zone."""
    user = User.objects.select_for_update(of=("self",)).get(pk=user_id)
    before = {name: getattr(user, name) for name in changes}
    for name, value in changes.items():
        setattr(user, name, value)
    user.save(update_fields=list(changes))
    old, new = difference(before, changes)
    if new:
        audit("profile.changed", user.email, actor=actor, before=old, after=new)


def set_preferences(user_id: int, *, theme: str | None = None, language: str | None = None) -> None:
    """The theme and language menus. Not audited: people switch them all day."""
    changes = {name: value for name, value in (("theme", theme), ("language", language)) if value is not None}
    User.objects.filter(pk=user_id).update(**changes)


@transaction.atomic
def change_workspace(*, actor: str, **changes: Any) -> Workspace:
    """Change fields of the workspace."""
    ensure_workspace()
    row = Workspace.objects.select_for_update().get(pk=1)
    before = {name: getattr(row, name) for name in changes}
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))
    old, new = difference(before, changes)
    if new:
        audit("workspace.changed", row.name, actor=actor, before=old, after=new)
    return row


@transaction.atomic
def create_team(*, name: str, actor: str) -> Team:
    """Refused when the name is taken."""
    team, fresh = Team.objects.get_or_create(name=name)
    if not fresh:
        raise Refused(_("A team of this name exists already."), "name")
    audit("team.created", name, actor=actor)
    return team


@transaction.atomic
def rename_team(team_id: int, *, name: str, actor: str) -> None:
    """Refused when another team has the name."""
    team = Team.objects.select_for_update().get(pk=team_id)
    if Team.objects.filter(name=name).exclude(pk=team_id).exists():
        raise Refused(_("A team of this name exists already."), "name")
    before, team.name = team.name, name
    team.save(update_fields=["name"])
    audit("team.renamed", name, actor=actor, before={"name": before}, after={"name": name})


@transaction.atomic
def delete_team(team_id: int, *, actor: str) -> None:
    """Its members stay, without a team."""
    team = Team.objects.select_for_update().get(pk=team_id)
    audit("team.deleted", team.name, actor=actor, before={"members": team.members.count()})
    team.delete()


@transaction.atomic
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
    by = actors.user(actor.pk) if actor else actors.SYSTEM
    audit("key.created", name, actor=by, after={"prefix": row.prefix, "scopes": scopes})
    return row, key


@transaction.atomic
def revoke_api_key(key_id: int, *, actor: str = actors.SYSTEM) -> None:
    """From now on the key opens nothing. Revoking it again changes nothing.
    Raises ApiKey.DoesNotExist."""
    row = ApiKey.objects.select_for_update(of=("self",)).get(pk=key_id)
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        row.save(update_fields=["revoked_at"])
        audit("key.revoked", row.name, actor=actor, before={"prefix": row.prefix})


def key_digest(key: str) -> str:
    """sha256 of a key, hex: what is stored and looked up."""
    return hashlib.sha256(key.encode()).hexdigest()


def use_api_key(*, key: str) -> ApiKey | None:
    """The living key of this text, its last use noted (at most once a minute); None: unknown or revoked."""
    found = ApiKey.objects.filter(digest=key_digest(key), revoked_at=None).first()
    now = clock.now()
    if found is not None and (found.last_used_at is None or (now - found.last_used_at).total_seconds() > KEY_NOTED):
        ApiKey.objects.filter(pk=found.pk).update(last_used_at=now)
    return found


def _lock() -> None:
    """One at a time: who changes administrators must see what others just changed."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADMINS])


def _new_user(email: str, **fields: Any) -> User:
    address = email.strip().lower()
    hue = (25, 60, 150, 190, 235, 265, 300, 345)[int(hashlib.sha256(address.encode()).hexdigest(), 16) % 8]
    return User(email=address, username=address, hue=hue, **fields)


def _user_state(user: User) -> dict[str, Any]:
    """What the audit keeps of a user."""
    return {
        "name": user.get_full_name(),
        "role": user.role,
        "team": user.team.name if user.team else "",
        "takes_leads": user.takes_leads,
        "active": user.is_active,
    }
