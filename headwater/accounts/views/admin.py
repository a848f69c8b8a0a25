"""What administrators set: workspace, users, teams, keys."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from headwater.core import actors

from .. import actions, queries
from ..access import require_role, signed_in
from ..forms import SCOPE_LABELS, ApiKeyForm, InviteForm, TeamForm, UserForm, WorkspaceForm
from ..models import ApiKey, Role, Team, User


def _actor(request: HttpRequest) -> str:
    return actors.user(signed_in(request).pk)


@require_role(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def workspace(request: HttpRequest) -> HttpResponse:
    form = WorkspaceForm(request.POST or None, instance=queries.workspace())
    if request.method == "POST" and form.is_valid():
        actions.change_workspace(actor=_actor(request), **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("accounts:workspace")
    return render(request, "accounts/workspace.html", {"form": form})


@require_role(Role.ADMIN)
@require_safe
def users(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/users.html", {"people": queries.directory()})


@require_role(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = actions.invite_user(actor=_actor(request), **form.cleaned_data)
        except actions.Refused as refused:
            form.add_error(refused.field or None, str(refused))
        else:
            return render(request, "accounts/invited.html", {"person": user, "link": password_link(request, user)})
    return render(request, "accounts/user_form.html", {"form": form})


@require_role(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def user(request: HttpRequest, user_id: int) -> HttpResponse:
    person = get_object_or_404(User, pk=user_id)
    initial = {name: getattr(person, name) for name in UserForm.field_order}
    form = UserForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and _change(request, form, person, **form.cleaned_data):
        return redirect("accounts:users")
    return render(request, "accounts/user_form.html", {"form": form, "person": person})


def _change(request: HttpRequest, form: UserForm, person: User, **changes: Any) -> bool:
    try:
        actions.change_user(person.pk, actor=_actor(request), **changes)
    except actions.Refused as refused:
        form.add_error(refused.field or None, str(refused))
        return False
    messages.success(request, _("Saved."))
    return True


@require_role(Role.ADMIN)
@require_POST
def set_active(request: HttpRequest, user_id: int) -> HttpResponse:
    """Deactivate (active=0) or let in again (active=1)."""
    person = get_object_or_404(User, pk=user_id)
    active = request.POST.get("active") == "1"
    try:
        actions.change_user(person.pk, actor=_actor(request), is_active=active)
    except actions.Refused as refused:
        messages.error(request, str(refused))
    else:
        text = _("%(name)s can sign in again.") if active else _("%(name)s can no longer sign in.")
        messages.success(request, text % {"name": person.name})
    return redirect("accounts:users")


@require_role(Role.ADMIN)
@require_POST
def new_link(request: HttpRequest, user_id: int) -> HttpResponse:
    """Another link to set a password, for somebody who lost the first."""
    person = get_object_or_404(User, pk=user_id, is_active=True)
    return render(request, "accounts/invited.html", {"person": person, "link": password_link(request, person)})


def password_link(request: HttpRequest, person: User) -> str:
    """Where the user sets a password; valid for Django's PASSWORD_RESET_TIMEOUT and until she next signs in."""
    key = default_token_generator.make_token(person)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(person), "key": key})
    return request.build_absolute_uri(path)


@require_role(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def teams(request: HttpRequest) -> HttpResponse:
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.create_team(name=form.cleaned_data["name"], actor=_actor(request))
        except actions.Refused as refused:
            form.add_error(refused.field or None, str(refused))
        else:
            return redirect("accounts:teams")
    return render(request, "accounts/teams.html", {"form": form, "teams": queries.teams()})


@require_role(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def team(request: HttpRequest, team_id: int) -> HttpResponse:
    row = get_object_or_404(Team, pk=team_id)
    form = TeamForm(request.POST or None, initial={"name": row.name})
    if request.method == "POST" and form.is_valid():
        try:
            actions.rename_team(row.pk, name=form.cleaned_data["name"], actor=_actor(request))
        except actions.Refused as refused:
            form.add_error(refused.field or None, str(refused))
        else:
            return redirect("accounts:teams")
    return render(request, "accounts/team.html", {"form": form, "team": row})


@require_role(Role.ADMIN)
@require_POST
def delete_team(request: HttpRequest, team_id: int) -> HttpResponse:
    row = get_object_or_404(Team, pk=team_id)
    actions.delete_team(row.pk, actor=_actor(request))
    messages.success(request, _("Deleted."))
    return redirect("accounts:teams")


@require_role(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """The list; after creating a key, the key itself, this one time."""
    form = ApiKeyForm(request.POST or None)
    secret = ""
    if request.method == "POST" and form.is_valid():
        _row, secret = actions.create_api_key(actor=signed_in(request), **form.cleaned_data)
        form = ApiKeyForm()
    context = {"form": form, "keys": queries.api_keys(), "secret": secret, "scope_labels": SCOPE_LABELS}
    return render(request, "accounts/keys.html", context)


@require_role(Role.ADMIN)
@require_POST
def revoke_key(request: HttpRequest, key_id: int) -> HttpResponse:
    row = get_object_or_404(ApiKey, pk=key_id)
    actions.revoke_api_key(row.pk, actor=_actor(request))
    messages.success(request, _("The key no longer works."))
    return redirect("accounts:keys")
