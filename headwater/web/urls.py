"""Every package brings its own urls under its own names; this file only finds them."""

from __future__ import annotations

from importlib.util import find_spec

from django.conf import settings
from django.urls import include, path

urlpatterns = [path("accounts/", include("allauth.urls"))] + [
    path("", include(f"headwater.{name}.urls"))
    for name in settings.PACKAGES
    if name != "web" and find_spec(f"headwater.{name}.urls") is not None
]
