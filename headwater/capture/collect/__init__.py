"""The collector: takes events in over HTTP and answers when they are committed. See docs in README.md.

A plain ASGI application without Django's request stack. `wire` decodes and checks, `doors` knows sites, keys and
limits, `store` copies everything of a tick into the intake in one statement, `http` speaks the protocol.
"""

from __future__ import annotations

from .http import app

application = app

__all__ = ["app", "application"]
