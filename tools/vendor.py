"""Copies the browser libraries that Headwater serves itself into headwater/web/static/vendor.

    mkdir /tmp/vendor && cd /tmp/vendor
    npm install --ignore-scripts htmx.org@4.0.1 basecoat-css@1.0.2 sortablejs@1.15.7 pretendard@1.3.9 \\
        @fontsource-variable/inter@5.3.0 lucide-static@1.62.0
    python tools/vendor.py /tmp/vendor/node_modules && python tools/icons.py /tmp/vendor/node_modules

Run it only to upgrade; the copies are committed, a clone needs neither npm nor a network.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "headwater/web/static/vendor"
#: where in node_modules -> name in vendor/
FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/dist/ext/hx-preload.min.js": "hx-preload.min.js",
    "basecoat-css/dist/basecoat-mira.cdn.min.css": "basecoat-mira.min.css",
    "sortablejs/Sortable.min.js": "sortable.min.js",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter/inter-latin-wght-normal.woff2",
    "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2": "inter/inter-latin-ext-wght-normal.woff2",
}
PRETENDARD = "pretendard/dist/web/variable"
HANGUL = range(0xAC00, 0xD7A4)


def has_hangul(unicode_range: str) -> bool:
    """Whether a CSS unicode-range ("U+ac00-ac10, U+d7a3") holds a Hangul syllable."""
    for part in unicode_range.split(","):
        first, _, last = part.strip()[2:].partition("-")
        if int(first, 16) < HANGUL.stop and int(last or first, 16) >= HANGUL.start:
            return True
    return False


def copy_pretendard(modules: Path) -> None:
    """The subsets with Hangul only: Latin comes from Inter, other scripts from the system."""
    css = (modules / PRETENDARD / "pretendardvariable-dynamic-subset.css").read_text()
    kept = [css[: css.index("*/") + 2]]
    for block in re.findall(r"@font-face\s*{[^}]*}", css):
        name = re.search(r"PretendardVariable\.(subset\.\d+\.woff2)", block)[1]
        ranges = re.search(r"unicode-range:\s*([^;}]*)", block)[1]
        if has_hangul(ranges):
            shutil.copy(
                modules / PRETENDARD / f"woff2-dynamic-subset/PretendardVariable.{name}",
                STATIC / "pretendard" / name,
            )
            kept.append(re.sub(r"url\([^)]*\)", f"url({name})", re.sub(r"\s+", " ", block)))
    (STATIC / "pretendard/pretendard.css").write_text("\n".join(kept) + "\n")


def main(modules: Path) -> None:
    (STATIC / "inter").mkdir(parents=True, exist_ok=True)
    (STATIC / "pretendard").mkdir(parents=True, exist_ok=True)
    for source, name in FILES.items():
        text = (modules / source).read_bytes()
        # the maps are not shipped, so the browser's tools should not ask for them
        (STATIC / name).write_bytes(re.sub(rb"\n?//# sourceMappingURL=\S+\s*$", b"\n", text))
    copy_pretendard(modules)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
