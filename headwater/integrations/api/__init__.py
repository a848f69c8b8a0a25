"""The public API: every package's router under /api/v1, one door in front, one shape of error behind."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from ninja import NinjaAPI, Router

from .doors import authenticate
from .errors import handle_errors
from .events import router as events_router
from .strict import strict

DESCRIPTION = """Everything the pages do, by HTTP. Sign in on the pages (unsafe methods then need the CSRF token), or
send a key: `Authorization: Bearer hw_...`. A key's scopes: `read` (GET), `write` (everything but administration),
`admin`, `events:write` (events only). Errors are JSON: `{"error": code, "reason": words, "errors": [{"field",
"reason"}]}`."""


def build() -> NinjaAPI:
    """The API with the routers of all packages, in the order of the house. Packages without an api.py are left out."""
    made = NinjaAPI(
        title="Headwater",
        version="1",
        description=DESCRIPTION,
        auth=[authenticate],
        openapi_url=None,
        docs_url=None,
        urls_namespace="api",
        openapi_extra={"security": [{"key": []}]},
    )
    handle_errors(made)
    made.add_decorator(strict, mode="view")
    made.add_router("", events_router)
    for name in settings.PACKAGES:
        path = f"headwater.{name}.api"
        if name != "integrations" and find_spec(path) is not None:
            router = getattr(import_module(path), "router", None)
            if isinstance(router, Router):
                made.add_router("", router)
    return made


api = build()
