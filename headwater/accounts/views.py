"""Settings pages."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from . import actions

THEMES = ("light", "dark", "system")
A_YEAR = 365 * 24 * 3600


@require_safe
def profile(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/profile.html")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """The theme menu: kept with the user, and in a cookie for the sign-in page."""
    chosen = request.POST.get("theme", "")
    if chosen not in THEMES:
        return HttpResponseBadRequest()
    actions.set_preferences(request.user.pk, theme=chosen)
    response = HttpResponse(status=204)
    response.set_cookie("headwater_theme", chosen, max_age=A_YEAR, samesite="Lax", httponly=True)
    return response


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """The language menu: kept with the user, and in Django's cookie for the sign-in page."""
    chosen = request.POST.get("language", "")
    if chosen not in dict(settings.LANGUAGES):
        return HttpResponseBadRequest()
    actions.set_preferences(request.user.pk, language=chosen)
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, chosen, max_age=A_YEAR, samesite="Lax")
    return response
