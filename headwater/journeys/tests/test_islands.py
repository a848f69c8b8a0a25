"""The built canvas is the one that its sources make. `make islands-check` builds it again and compares every byte; this
needs no node."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
SOURCES, BUILT = HERE / "islands", HERE / "static/journeys"


def fingerprint() -> str:
    """What vite.config.js writes into the first line of the built file."""
    names = [str(p.relative_to(SOURCES)) for p in (SOURCES / "src").rglob("*") if p.is_file()]
    names += ["package.json", "package-lock.json", "svelte.config.js", "tsconfig.json", "vite.config.js"]
    made = hashlib.sha256()
    for name in sorted(names):
        made.update(f"{name}\0".encode() + (SOURCES / name).read_bytes() + b"\0")
    return made.hexdigest()


def test_the_built_canvas_is_the_one_of_its_sources() -> None:
    first = (BUILT / "canvas.js").read_text()[:300]
    assert f"sources {fingerprint()}" in first, "make islands"


def test_the_canvas_stays_within_its_budget() -> None:
    packed = {name: len(gzip.compress((BUILT / name).read_bytes(), 9)) for name in ("canvas.js", "canvas.css")}
    assert packed["canvas.js"] <= 130_000, packed
    assert packed["canvas.css"] <= 10_000, packed


def test_the_built_canvas_is_clean_under_the_content_security_policy() -> None:
    code = (BUILT / "canvas.js").read_text()
    assert re.findall(r"<[a-z-]+[^<>`]* style=", code) == []
    assert "eval(" not in code
    assert "new Function" not in code


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((SOURCES / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in lock["packages"].items() if name)
