"""One ASGI application: the collector and live updates on paths of their own, Django for the rest."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Awaitable, Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headwater.web.settings")

from django.core.asgi import get_asgi_application

from headwater.core.serve import end_with_parent

# A server process whose parent was killed would hold the port for ever.
end_with_parent(signal.SIGKILL)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

django_app: App = get_asgi_application()  # type: ignore[assignment]

from headwater.web.live import app as live_app  # noqa: E402
from headwater.web.proxy import as_sent  # noqa: E402

paths: dict[str, App] = {"/live": live_app}
if find_spec("headwater.capture.collect") is not None:
    from headwater.capture.collect import app as collect_app

    paths |= {"/t": collect_app, "/api/v1/events": collect_app}

import_module("headwater.web.urls")  # all views with it: the first visitor need not wait for them
# What is loaded now stays; the collector of garbage need not look at it again and again while requests wait for their
# commit (it took a twentieth of the time at the collector).
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Route one connection."""
    app = paths.get(scope["path"])
    await (django_app(as_sent(scope), receive, send) if app is None else app(scope, receive, send))
