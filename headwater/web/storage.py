"""Static files straight from the packages, with their content's hash in the address: a clone needs no collectstatic,
and a browser may keep each file until it changes."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage


class HashedStorage(StaticFilesStorage):
    """`url("web/app.css")` is `/static/web/app.css?v=1f0c...`."""

    def url(self, name: str | None, force: bool = False) -> str:
        # While somebody develops, files change under a running server.
        changed = 0.0
        if settings.DEBUG and name and (found := finders.find(name)):
            changed = Path(found).stat().st_mtime
        return self._address(name or "", changed)

    @lru_cache(maxsize=4096)  # noqa: B019 - there is one storage as long as the process lives
    def _address(self, name: str, changed: float) -> str:
        found = finders.find(name)
        version = f"?v={hashlib.sha256(Path(found).read_bytes()).hexdigest()[:10]}" if found else ""
        return super().url(name) + version
