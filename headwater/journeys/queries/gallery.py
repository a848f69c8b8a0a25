"""The templates of the gallery: one JSON file each, with its mails as MJML beside it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "gallery"


@cache
def templates() -> dict[str, dict[str, Any]]:
    """slug -> the template as its file says, in the gallery's order."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")]
    return {t["slug"]: t for t in sorted(found, key=lambda t: (t.get("order", 100), t["slug"]))}


def mjml(file: str) -> str:
    """The text of one of the gallery's mails."""
    return (FOLDER / Path(file).name).read_text(encoding="utf-8")
