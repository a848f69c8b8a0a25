"""Builds headwater/web/static/web/icons.svg, a sprite of the lucide icons named in tools/icons.txt.

    python tools/icons.py /tmp/vendor/node_modules        (see tools/vendor.py)

Use: <c-icon n="users" />. A name that lucide does not have stops the build.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "headwater/web/static/web/icons.svg"
ATTRIBUTES = (
    'viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
    'stroke-linecap="round" stroke-linejoin="round"'
)


def symbol(path: Path) -> str:
    """One icon file as a <symbol>."""
    body = re.search(r"<svg[^>]*>(.*)</svg>", path.read_text(), re.DOTALL)[1]
    body = re.sub(r"\s+", " ", body).replace("> <", "><").replace(" />", "/>").strip()
    return f'<symbol id="{path.stem}" {ATTRIBUTES}>{body}</symbol>'


def main(modules: Path) -> None:
    names = sorted(set((HERE / "icons.txt").read_text().split()))
    icons = modules / "lucide-static/icons"
    missing = [name for name in names if not (icons / f"{name}.svg").exists()]
    if missing:
        sys.exit(f"lucide has no icon named: {' '.join(missing)}")
    symbols = "\n".join(symbol(icons / f"{name}.svg") for name in names)
    TARGET.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n')


if __name__ == "__main__":
    main(Path(sys.argv[1]))
