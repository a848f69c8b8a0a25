"""What a user sets for herself, and the doors: signing in, the first administrator."""

from __future__ import annotations

from allauth.account.views import LoginView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from headwater.core import actors

from .. import actions
from ..access import signed_in
from ..forms import FirstRunForm, ProfileForm
from ..models import User

THEMES = ("light", "dark", "system")
THEME_COOKIE = "headwater_theme"
A_YEAR = 365 * 24 * 3600


@login_not_required
def sign_in(request: HttpRequest) -> HttpResponse:
    """allauth's page, unless nobody could sign in yet."""
    if not User.objects.exists():
        return redirect("accounts:welcome")
    response: HttpResponse = LoginView.as_view()(request)
    return response


@login_not_required
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest) -> HttpResponse:
    """The first administrator of a fresh installation; afterwards this page leads to the sign-in."""
    if User.objects.exists():
        return redirect("account_login")
    form = FirstRunForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            address = f"{request.scheme}://{request.get_host()}"
            user = actions.create_first_admin(**form.cleaned_data, address=address)
        except actions.Refused as refused:
            form.add_error(refused.field or None, str(refused))
        else:
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            return redirect("/")
    return render(request, "accounts/welcome.html", {"form": form})


@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = User.objects.get(pk=signed_in(request).pk)
    form = ProfileForm(request.POST or None, instance=user, initial={"theme": user.theme or "system"})
    if request.method == "POST" and form.is_valid():
        actions.change_profile(user.pk, actor=actors.user(user.pk), **form.cleaned_data)
        with translation.override(form.cleaned_data["language"] or translation.get_language()):
            messages.success(request, _("Saved."))
        return _remember(redirect("accounts:profile"), form.cleaned_data["theme"], form.cleaned_data["language"])
    return render(request, "accounts/profile.html", {"form": form})


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """The theme menu: kept with the user, and in a cookie for the sign-in page."""
    chosen = request.POST.get("theme", "")
    if chosen not in THEMES:
        return HttpResponseBadRequest()
    actions.set_preferences(signed_in(request).pk, theme=chosen)
    return _remember(HttpResponse(status=204), chosen, "")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """The language menu: kept with the user, and in Django's cookie for the sign-in page."""
    chosen = request.POST.get("language", "")
    if chosen not in dict(settings.LANGUAGES):
        return HttpResponseBadRequest()
    actions.set_preferences(signed_in(request).pk, language=chosen)
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        target = "/"
    return _remember(HttpResponseRedirect(target), "", chosen)


def _remember(response: HttpResponse, theme: str, language: str) -> HttpResponse:
    """Cookies for pages shown before anybody has signed in."""
    if theme:
        response.set_cookie(THEME_COOKIE, theme, max_age=A_YEAR, samesite="Lax", httponly=True)
    if language:
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=A_YEAR, samesite="Lax")
    return response
