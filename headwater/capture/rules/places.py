"""The country behind a time zone or a language: hints about where a visitor is, without any table of addresses."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from zoneinfo import TZPATH


@cache
def _zones() -> dict[str, str]:
    for folder in TZPATH:
        path = Path(folder) / "zone.tab"
        if path.is_file():
            lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
            return {parts[2]: parts[0] for parts in lines if len(parts) > 2}
    return {}


def country_of(zone: str) -> str:
    """Two letters, "" where nobody knows."""
    return _zones().get(zone, "")


def country_of_language(header: str) -> str:
    """Two letters from what a browser says it reads first ("de-AT,de;q=0.9" is AT), "" where it names no country."""
    found = re.match(r"\s*[a-z]{2,3}(?:-[a-z]{4})?-([a-z]{2})(?![a-z0-9])", header, re.I)
    return found[1].upper() if found else ""
