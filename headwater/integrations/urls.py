"""The API under /api, the demo company's public site under /site."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path
from django.urls.resolvers import URLPattern

from .api import api
from .api.errors import error
from .views import health, reference, site

View = Callable[..., HttpResponse]


def _open(view: View) -> View:
    """The API has its own door (no redirect to the sign-in page) and says 405 as JSON too."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code == 405 and not response.headers.get("Content-Type", "").startswith("application/json"):
            allow = response.headers.get("Allow", "")
            response = error(405, f"This path takes {allow}.")
            response["Allow"] = allow
        return response

    inner.login_required = False  # type: ignore[attr-defined]
    inner.csrf_exempt = True  # type: ignore[attr-defined]
    return inner


def _api_patterns() -> list[URLPattern]:
    made = []
    for p in api.urls[0]:
        if isinstance(p, URLPattern) and p.name != "api-root":
            made.append(path(f"api/v1/{p.pattern}", _open(p.callback), p.default_args, name=f"api-{p.name or ''}"))
    return made


app_name = "integrations"
urlpatterns = [
    path("api/openapi.json", reference.openapi, name="openapi"),
    path("api/v1/openapi.json", reference.openapi),
    path("api/docs", reference.reference, name="reference"),
    path("api/docs/", reference.reference),
    *_api_patterns(),
    path("settings/health/", health.health, name="health"),
    path("settings/health/retry/", health.retry, name="health-retry"),
    path("settings/health/discard/", health.discard, name="health-discard"),
    path("settings/health/replay/<str:consumer>/", health.replay, name="health-replay"),
    path("settings/health/replays/<int:replay_id>/stop/", health.stop_replay, name="health-stop-replay"),
    path("settings/health/parked/<str:key>/", health.parked, name="health-parked"),
    path("site/", site.home, name="site-home"),
    path("site/pricing/", site.pricing, name="site-pricing"),
    path("site/blog/", site.blog, name="site-blog"),
    path("site/blog/<slug:slug>/", site.article, name="site-article"),
    path("site/white-paper/", site.form_page, {"slug": "white-paper"}, name="site-white-paper"),
    path("site/trial/", site.form_page, {"slug": "trial"}, name="site-trial"),
    path("site/webinar/", site.form_page, {"slug": "webinar"}, name="site-webinar"),
    path("site/thank-you/", site.thanks, name="site-thanks"),
    re_path(r"^api/.*$", _open(reference.nothing)),
]
