"""Every package brings its own urls under its own names; this file only finds them."""

from __future__ import annotations

from importlib.util import find_spec

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from . import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("palette/", views.palette, name="palette"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("favicon.ico", views.favicon),
]
urlpatterns += [
    path("", include(f"headwater.{name}.urls"))
    for name in settings.PACKAGES
    if name != "web" and find_spec(f"headwater.{name}.urls") is not None
]
#: after the house: accounts answers the sign-in page itself, allauth all the rest
urlpatterns += [path("accounts/", include("allauth.urls"))]

handler400 = "headwater.web.views.bad_request"
handler403 = "headwater.web.views.forbidden"
handler404 = "headwater.web.views.not_found"
handler500 = "headwater.web.views.server_error"
