"""What a lead did before sales meets her, in short: from the timeline."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from headwater.timeline import queries as timeline

#: Facts that are read for the story; older ones do not change what to say on the telephone.
DEPTH = 400
_KINDS = (
    "page.viewed", "mail.sent", "mail.opened", "mail.clicked", "form.submitted", "asset.downloaded",
    "journey.entered", "journey.finished", "trial.started", "event.custom",
)  # fmt: skip


@dataclass
class Story:
    """Counts and the newest examples. pages: (title, path, times, last), the most viewed first."""

    first_at: datetime | None = None
    visits_days: int = 0
    pages: list[tuple[str, str, int, datetime]] = field(default_factory=list)
    page_views: int = 0
    mails_sent: int = 0
    opened: list[tuple[str, datetime]] = field(default_factory=list)
    clicked: list[tuple[str, datetime]] = field(default_factory=list)
    forms: list[tuple[str, datetime]] = field(default_factory=list)
    downloads: list[tuple[str, datetime]] = field(default_factory=list)
    journeys: list[tuple[str, datetime]] = field(default_factory=list)


def story(person_id: int) -> Story:
    """A person's story in one read of her timeline."""
    out = Story()
    views: Counter[str] = Counter()
    seen: dict[str, tuple[str, datetime]] = {}
    days = set()
    for e in timeline.read(person_id, limit=DEPTH, kinds=_KINDS, quiet=True):
        out.first_at = e.at
        data = e.data
        if e.kind == "page.viewed":
            path = str(data.get("path") or "/")
            views[path] += 1
            seen.setdefault(path, (str(data.get("title") or path), e.at))
            days.add(e.at.date())
        elif e.kind == "mail.sent":
            out.mails_sent += 1
        elif e.kind in _LISTS:
            name, keys = _LISTS[e.kind]
            text = next((str(data[k]) for k in keys if data.get(k)), e.kind)
            rows = getattr(out, name)
            if text not in {row[0] for row in rows}:
                rows.append((text, e.at))
    out.page_views, out.visits_days = sum(views.values()), len(days)
    out.pages = [(seen[path][0], path, n, seen[path][1]) for path, n in views.most_common(8)]
    return out


_LISTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "mail.opened": ("opened", ("subject", "template")),
    "mail.clicked": ("clicked", ("subject", "template")),
    "form.submitted": ("forms", ("name", "form")),
    "asset.downloaded": ("downloads", ("name", "asset")),
    "journey.entered": ("journeys", ("name", "journey")),
}
